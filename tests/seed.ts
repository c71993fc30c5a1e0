/**
 * Loaded before every test file: property tests try the same cases on every run, so that a change is judged by what it
 * changed. COWSH_SEED=N tries others; a failure prints its seed.
 */

import fc from "fast-check";

fc.configureGlobal({ seed: Number(Deno.env.get("COWSH_SEED") ?? 1810) });
