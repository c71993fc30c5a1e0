/**
 * Command line helpers with the names, signatures and observable behaviour of the `@std/cli`
 * package of the jsr: registry, which this local package stands in for.
 *
 * @module
 */
export * from "./parse_args.ts";
export * from "./unicode_width.ts";
