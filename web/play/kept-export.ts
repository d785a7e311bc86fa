// Where the playground lays an export for the explorer, in the browser's own cache.

/** Name of the cache. */
export const KEPT_EXPORT = 'jepa-onnx export';

/** Answers from the cache, as a server would; 404 where it is not there. */
export async function fetchKept(url: string): Promise<Response> {
  const cache = await caches.open(KEPT_EXPORT);
  return (await cache.match(url)) ?? new Response('not kept', { status: 404 });
}
