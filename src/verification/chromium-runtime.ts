// The contract of a runtime, kept by a page in the machine's Chromium: onnxruntime-web on WebAssembly or WebGPU.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { FormatError, JepaError } from '../error.ts';
import { externalLocations } from '../runtimes/external-data.ts';
import { checkFeeds } from '../runtimes/feeds.ts';
import type { ElementType, Runtime, RuntimeSession, RuntimeTensor } from '../runtimes/runtime.ts';
import { makeScratch, removeScratch } from '../storage/scratch.ts';
import { chromiumOf, launchChromium, pageError, portOf, serve } from './chromium.ts';
import { PAGE_LOAD, PAGE_OPEN, PAGE_RUN, sessionScript } from './chromium-page.ts';
import { viewElements } from './file/feeds.ts';
import type { RunnerLimits } from './protocol.ts';

const elementTypes = [
  ...(['float32', 'float16', 'float64', 'uint8', 'int8', 'uint16', 'int16'] as const),
  ...(['int32', 'int64', 'uint32', 'uint64', 'bool'] as const),
] satisfies ElementType[];
const specs = z.array(
  z.object({
    name: z.string(),
    type: z.enum(elementTypes),
    shape: z.array(z.union([z.int(), z.string()])),
  }),
);
const opened = z.object({ version: z.string(), adapter: z.string().optional() });
const loaded = z.object({ inputs: specs, outputs: specs });
const ran = z.object({
  elapsedMs: z.number(),
  outputs: z.array(
    z.object({ name: z.string(), type: z.enum(elementTypes), shape: z.array(z.int()), byteLength: z.int() }),
  ),
});

/**
 * @param name `chromium:wasm`, `chromium:webgpu`, with a number of threads
 * @throws UnavailableError without playwright-core, Chromium or WebGPU
 */
export async function openChromiumRuntime(name: string, limits: Pick<RunnerLimits, 'timeMs'>): Promise<Runtime> {
  const { provider, threads } = chromiumOf(name);
  const scratch = makeScratch('chromium');
  const server = await serve(
    (file) => (file === '' ? undefined : join(scratch, basename(file))),
    scratch,
    sessionScript,
  );
  const close = () => {
    server.closeAllConnections();
    server.close();
    removeScratch(scratch);
  };
  const browser = await launchChromium(provider).catch((error: unknown) => {
    close();
    throw error;
  });
  const dispose = async () => {
    await browser.close();
    close();
  };
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(limits.timeMs);
    await page.goto(`http://127.0.0.1:${portOf(server)}/`);
    await page.waitForFunction((key) => Reflect.has(globalThis, key), PAGE_RUN);
    const ask = async <Answer>(call: string, given: object, schema: z.ZodType<Answer>): Promise<Answer> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        const error = new JepaError(`${name}: expected an end within ${limits.timeMs / 1000} s, got none`);
        timer = setTimeout(() => reject(error), limits.timeMs);
      });
      const answer = page.evaluate(([key, value]) => Reflect.get(globalThis, String(key))(value), [
        call,
        given,
      ] as const);
      try {
        const parsed = z
          .union([z.object({ error: z.string() }), z.object({ result: schema })])
          .parse(await Promise.race([answer, late]));
        if ('error' in parsed) throw pageError(name, parsed.error);
        return parsed.result;
      } finally {
        clearTimeout(timer);
      }
    };
    const { version } = await ask(PAGE_OPEN, { provider, threads }, opened);
    let files = 0;
    return {
      format: 'onnx',
      describe: () => ({
        runtime: name,
        version: `onnxruntime-web ${version} in Chromium ${browser.version()}`,
        provider: provider === 'webgpu' ? 'WebGpuExecutionProvider (WebGPU)' : 'CPUExecutionProvider (WebAssembly)',
        threads,
        precision: 'float32',
      }),
      async load(model): Promise<RuntimeSession> {
        const where = typeof model === 'string' ? basename(model) : 'model';
        const bytes = typeof model === 'string' ? readFileSync(model) : model;
        if (externalLocations(bytes).length > 0)
          throw new FormatError(`${where}: expected all weights in the file for ${name}, got some beside it`, {
            remedy: 'Use the runtime cpu or wasm.',
          });
        const file = `model${files++}.onnx`;
        writeFileSync(join(scratch, file), bytes);
        const { inputs, outputs } = await ask(PAGE_LOAD, { file }, loaded);
        let elapsedMs = 0;
        return {
          inputs,
          outputs,
          elapsedMs: () => elapsedMs,
          async run(feeds) {
            checkFeeds(where, inputs, feeds);
            const run = files++;
            const described = writeFeeds(join(scratch, `feeds${run}.bin`), feeds);
            const result = `results${run}.bin`;
            const answer = await ask(PAGE_RUN, { feeds: described, file: `feeds${run}.bin`, result }, ran);
            elapsedMs += answer.elapsedMs;
            return readResults(join(scratch, result), answer.outputs);
          },
          // The page holds one session, which the next one replaces.
          dispose: async () => {},
        };
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function writeFeeds(path: string, feeds: Readonly<Record<string, RuntimeTensor>>) {
  let from = 0;
  const parts: Uint8Array[] = [];
  const described = Object.entries(feeds).map(([name, { type, shape, data }]) => {
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    const to = from + data.byteLength;
    const feed = { name, type, shape: [...shape], from, to };
    from = to;
    return feed;
  });
  writeFileSync(path, Buffer.concat(parts));
  return described;
}

function readResults(path: string, outputs: z.output<typeof ran>['outputs']): Record<string, RuntimeTensor> {
  const bytes = new Uint8Array(readFileSync(path));
  let from = 0;
  return Object.fromEntries(
    outputs.map(({ name, type, shape, byteLength }): [string, RuntimeTensor] => {
      const data = viewElements(type, bytes.slice(from, from + byteLength).buffer);
      from += byteLength;
      return [name, { type, shape, data }];
    }),
  );
}
