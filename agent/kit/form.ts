/** Judges the form of what programs print and files hold; the small one, as the full form costs 4 MB of memory. */
export * as z from 'zod/mini';
