/** What the controller says to a request that it refused, as a sentence for people. */
export async function reasonOf(response: Response): Promise<string> {
  const answer: unknown = await response.json();
  if (typeof answer !== 'object' || answer === null || !('message' in answer)) return `Refused (${response.status}).`;
  const message = String(answer.message);
  const hint = 'hint' in answer ? ` What to do: ${String(answer.hint)}.` : '';
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.${hint}`;
}
