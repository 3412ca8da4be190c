// The std modules by id, as the text of their x07AST documents. Knows nothing of how they are compiled; load it lazily.

import bitModule from "./std.bit.x07.json" with { type: "json" };
import bitsetModule from "./std.bitset.x07.json" with { type: "json" };
import btreeMapModule from "./std.btree_map.x07.json" with { type: "json" };
import btreeSetModule from "./std.btree_set.x07.json" with { type: "json" };
import bytesModule from "./std.bytes.x07.json" with { type: "json" };
import codecModule from "./std.codec.x07.json" with { type: "json" };
import csvModule from "./std.csv.x07.json" with { type: "json" };
import dequeModule from "./std.deque.x07.json" with { type: "json" };
import dequeU32Module from "./std.deque_u32.x07.json" with { type: "json" };
import docModule from "./std.doc.x07.json" with { type: "json" };
import fmtModule from "./std.fmt.x07.json" with { type: "json" };
import fsModule from "./std.fs.x07.json" with { type: "json" };
import hashModule from "./std.hash.x07.json" with { type: "json" };
import hashMapModule from "./std.hash_map.x07.json" with { type: "json" };
import hashMapValueModule from "./std.hash_map_value.x07.json" with { type: "json" };
import hashSetModule from "./std.hash_set.x07.json" with { type: "json" };
import heapModule from "./std.heap.x07.json" with { type: "json" };
import heapU32Module from "./std.heap_u32.x07.json" with { type: "json" };
import httpEnvelopeModule from "./std.http.envelope.x07.json" with { type: "json" };
import ioModule from "./std.io.x07.json" with { type: "json" };
import ioBufreadModule from "./std.io.bufread.x07.json" with { type: "json" };
import jsonModule from "./std.json.x07.json" with { type: "json" };
import kvModule from "./std.kv.x07.json" with { type: "json" };
import lruCacheModule from "./std.lru_cache.x07.json" with { type: "json" };
import mapModule from "./std.map.x07.json" with { type: "json" };
import optionModule from "./std.option.x07.json" with { type: "json" };
import parseModule from "./std.parse.x07.json" with { type: "json" };
import pathModule from "./std.path.x07.json" with { type: "json" };
import pbtCaseV1Module from "./std.pbt.case_v1.x07.json" with { type: "json" };
import pbtGenV1Module from "./std.pbt.gen_v1.x07.json" with { type: "json" };
import pbtShrinkV1Module from "./std.pbt.shrink_v1.x07.json" with { type: "json" };
import prngModule from "./std.prng.x07.json" with { type: "json" };
import processModule from "./std.process.x07.json" with { type: "json" };
import regexLiteModule from "./std.regex-lite.x07.json" with { type: "json" };
import resultModule from "./std.result.x07.json" with { type: "json" };
import rrModule from "./std.rr.x07.json" with { type: "json" };
import setModule from "./std.set.x07.json" with { type: "json" };
import slabModule from "./std.slab.x07.json" with { type: "json" };
import sliceModule from "./std.slice.x07.json" with { type: "json" };
import smallMapModule from "./std.small_map.x07.json" with { type: "json" };
import smallSetModule from "./std.small_set.x07.json" with { type: "json" };
import strModule from "./std.str.x07.json" with { type: "json" };
import testModule from "./std.test.x07.json" with { type: "json" };
import textAsciiModule from "./std.text.ascii.x07.json" with { type: "json" };
import textSlicesModule from "./std.text.slices.x07.json" with { type: "json" };
import textUtf8Module from "./std.text.utf8.x07.json" with { type: "json" };
import u32Module from "./std.u32.x07.json" with { type: "json" };
import vecModule from "./std.vec.x07.json" with { type: "json" };
import vecValueModule from "./std.vec_value.x07.json" with { type: "json" };
import viewModule from "./std.view.x07.json" with { type: "json" };
import worldFsModule from "./std.world.fs.x07.json" with { type: "json" };

const modules: ReadonlyMap<string, object> = new Map<string, object>([
  ["std.bit", bitModule],
  ["std.bitset", bitsetModule],
  ["std.btree_map", btreeMapModule],
  ["std.btree_set", btreeSetModule],
  ["std.bytes", bytesModule],
  ["std.codec", codecModule],
  ["std.csv", csvModule],
  ["std.deque", dequeModule],
  ["std.deque_u32", dequeU32Module],
  ["std.doc", docModule],
  ["std.fmt", fmtModule],
  ["std.fs", fsModule],
  ["std.hash", hashModule],
  ["std.hash_map", hashMapModule],
  ["std.hash_map_value", hashMapValueModule],
  ["std.hash_set", hashSetModule],
  ["std.heap", heapModule],
  ["std.heap_u32", heapU32Module],
  ["std.http.envelope", httpEnvelopeModule],
  ["std.io", ioModule],
  ["std.io.bufread", ioBufreadModule],
  ["std.json", jsonModule],
  ["std.kv", kvModule],
  ["std.lru_cache", lruCacheModule],
  ["std.map", mapModule],
  ["std.option", optionModule],
  ["std.parse", parseModule],
  ["std.path", pathModule],
  ["std.pbt.case_v1", pbtCaseV1Module],
  ["std.pbt.gen_v1", pbtGenV1Module],
  ["std.pbt.shrink_v1", pbtShrinkV1Module],
  ["std.prng", prngModule],
  ["std.process", processModule],
  ["std.regex-lite", regexLiteModule],
  ["std.result", resultModule],
  ["std.rr", rrModule],
  ["std.set", setModule],
  ["std.slab", slabModule],
  ["std.slice", sliceModule],
  ["std.small_map", smallMapModule],
  ["std.small_set", smallSetModule],
  ["std.str", strModule],
  ["std.test", testModule],
  ["std.text.ascii", textAsciiModule],
  ["std.text.slices", textSlicesModule],
  ["std.text.utf8", textUtf8Module],
  ["std.u32", u32Module],
  ["std.vec", vecModule],
  ["std.vec_value", vecValueModule],
  ["std.view", viewModule],
  ["std.world.fs", worldFsModule],
]);

/** Every id, sorted. These win over files of the same id. */
export const stdModuleIds: readonly string[] = [...modules.keys()];

/** The canonical JSON text of a std module, as committed; undefined for an id that is not one. */
export function stdModuleText(id: string): string | undefined {
  const module = modules.get(id);
  return module === undefined ? undefined : `${JSON.stringify(module)}\n`;
}
