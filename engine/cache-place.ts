// Where the cache folder is when words and environment are all that is known: asked by the small entry too, so it loads
// nothing. Knows no cache.

/** The names under which a graph's users find its cache. */
export interface CacheNames {
  readonly cacheVariable: string;
  readonly cacheName: string;
}

type Env = { readonly [name: string]: string | undefined };

/** As CI providers set it: output is plain, nothing stays, and the cache is in the workspace, where steps save it from. */
export function inCi(env: Env): boolean {
  return !["", "0", "false", undefined].includes(env["CI"]);
}

export function defaultCacheDir({ cacheVariable, cacheName }: CacheNames, env: Env): string {
  const named = env[cacheVariable];
  if (named !== undefined && named !== "") return named;
  if (inCi(env)) return `.${cacheName}/cache`;
  if (env["XDG_CACHE_HOME"]?.startsWith("/") === true) return joined(env["XDG_CACHE_HOME"], cacheName);
  return env["HOME"] === undefined || env["HOME"] === "" ? `.${cacheName}/cache` : joined(env["HOME"], `.cache/${cacheName}`);
}

function joined(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}

/** The value of every `flag VALUE` and `flag=VALUE`, before any parsing: the graph decides what can be parsed. */
export function rawValues(argv: readonly string[], flag: string): (string | undefined)[] {
  return argv.flatMap((word, i) => (word === flag ? [argv[i + 1]] : word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : []));
}
