// The convert page: takes files, a folder or an address, has the worker convert and check, and shows what came of it.
import type { ImageLayout } from '../../export/index.ts';
import type { Converted } from './conversion.ts';
import type { GivenFile } from './model-source.ts';
import type { Answer, Request } from './worker.ts';

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`page: expected #${id}, found none`);
  return found;
}

const files = element('files', HTMLInputElement);
const address = element('address', HTMLInputElement);
const layout = element('layout', HTMLSelectElement);
const opset = element('opset', HTMLSelectElement);
const drop = element('drop', HTMLDivElement);
const alertBox = element('alert', HTMLDivElement);
const status = element('status', HTMLParagraphElement);
const result = element('result', HTMLElement);
const download = element('download', HTMLAnchorElement);

const runtimeFile = (ending: string): string =>
  new URL(`runtime/ort-wasm-simd-threaded.${ending}`, document.baseURI).href;
const layouts: readonly ImageLayout[] = ['nchw', 'nhwc', 'model'];

/** What was given last, for another layout or opset. */
let given: Request['given'] | undefined;
let worker: Worker | undefined;

function setState(state: 'ready' | 'converting' | 'converted' | 'failed'): void {
  document.documentElement.dataset.state = state;
}

/** Starts anew, whatever is still running. */
function convertGiven(): void {
  if (given === undefined) return;
  worker?.terminate();
  worker = new Worker(new URL('worker.js', document.baseURI), { type: 'module' });
  worker.addEventListener('error', () => fail('page: expected its worker.js, got none that starts'));
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
    if (data.kind === 'note') status.textContent = `${data.text} …`;
    else if (data.kind === 'error') fail(data.text);
    else show(data.name, data.converted);
  });
  alertBox.hidden = true;
  result.hidden = true;
  setState('converting');
  const request: Request = {
    given,
    exportOptions: {
      layout: layouts.find((each) => each === layout.value) ?? 'nchw',
      opset: Number(opset.value),
    },
    runtimeFiles: { mjs: runtimeFile('js'), wasm: runtimeFile('wasm') },
  };
  worker.postMessage(request);
}

function finish(): void {
  worker?.terminate();
  worker = undefined;
  status.textContent = '';
}

function fail(message: string): void {
  finish();
  alertBox.textContent = message;
  alertBox.hidden = false;
  setState('failed');
}

function show(name: string, { bytes, nodes, opset: used, parity, isCompared, warnings }: Converted): void {
  finish();
  const verdict = element('verdict', HTMLParagraphElement);
  const [tone, text] = !parity.agrees
    ? ['bad', isCompared ? 'Differs from TensorFlow.js' : 'Differs from its own graph before optimisation']
    : isCompared
      ? ['good', 'Agrees with TensorFlow.js']
      : ['fair', 'Converted, not compared with TensorFlow.js'];
  verdict.className = `verdict ${tone}`;
  verdict.textContent = text;
  const size = bytes.length < 1e6 ? `${(bytes.length / 1e3).toFixed(1)} kB` : `${(bytes.length / 1e6).toFixed(1)} MB`;
  const share = parity.tolerance.toExponential();
  element('summary', HTMLParagraphElement).textContent =
    `${size}, ${nodes} nodes, opset ${used}. ${parity.runtime.version} against ${parity.reference}; a part of at most ${share} of the scale counts as agreement.`;
  URL.revokeObjectURL(download.href);
  download.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  download.download = `${name}.onnx`;
  download.textContent = `Download ${name}.onnx${parity.agrees ? '' : ' all the same'}`;
  element('rows', HTMLTableSectionElement).replaceChildren(
    ...parity.outputs.map(({ output, batch, maxAbsError, scale, relativeError }) => {
      const row = document.createElement('tr');
      const numbers = [batch, maxAbsError.toExponential(1), scale.toPrecision(3), relativeError.toExponential(1)];
      for (const cell of [output, ...numbers]) row.insertCell().textContent = String(cell);
      return row;
    }),
  );
  element('warnings', HTMLUListElement).replaceChildren(
    ...warnings.map((warning) => {
      const item = document.createElement('li');
      item.textContent = warning;
      return item;
    }),
  );
  result.hidden = false;
  setState('converted');
  element('result-title', HTMLHeadingElement).focus();
}

/** The files of what was dropped, folders walked to the end. */
async function filesOf(entry: FileSystemEntry): Promise<GivenFile[]> {
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  const all: GivenFile[] = [];
  // A reader gives a hundred entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    for (const each of some) all.push(...(await filesOf(each)));
  }
}

files.addEventListener('change', () => {
  if (files.files === null || files.files.length === 0) return;
  given = Array.from(files.files, (file) => ({ path: file.name, file }));
  convertGiven();
});
element('given', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  given = address.value.trim();
  convertGiven();
});
for (const choice of [layout, opset]) choice.addEventListener('change', convertGiven);

// The whole page takes what is dropped: beside the frame, a browser would leave the page and show the file.
addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
addEventListener('dragleave', () => drop.classList.remove('over'));
addEventListener('drop', async (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  const { items = [], files: plain = [] } = event.dataTransfer ?? {};
  const entries = Array.from(items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  try {
    const walked = await Promise.all(entries.map(filesOf));
    given = entries.length > 0 ? walked.flat() : Array.from(plain, (file) => ({ path: file.name, file }));
    convertGiven();
  } catch (error) {
    fail(`dropped files: expected files that can be read, got: ${error instanceof Error ? error.message : error}`);
  }
});
setState('ready');
