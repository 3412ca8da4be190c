// Builtins on hash tables of u32, reached by integer handles. Knows signatures; the tables live in the runtime.

import type { Builtin } from "./builtins.ts";

export const MAPS: readonly [string, Builtin][] = [];
