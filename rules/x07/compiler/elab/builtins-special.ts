// Heads whose arguments are not all values: types, brands, configurations. Knows their shapes.

import type { SpecialBuiltin } from "./builtins.ts";

export const SPECIAL: readonly [string, SpecialBuiltin][] = [];
