import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { DOCTOR_ROUTES } from '../table/doctor.js';

export function doctorHandlers({ doctor }: WebOptions): Handlers<typeof DOCTOR_ROUTES> {
  return { examineController: ({ caller }) => doctor.facts(caller) };
}
