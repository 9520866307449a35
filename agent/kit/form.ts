/**
 * Judges the form of what programs print and files hold. Each name on its own: a bundle takes no more than is used, and the
 * whole of it would cost a node 400 kB of program and 4 MB of memory.
 */
export { array, boolean, type infer, number, object, optional, record, string, unknown } from 'zod/mini';
