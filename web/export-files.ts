// The files of an export folder over HTTP, with errors that a person can act on: a static host answers a wrong address
// with a status, with a page of its own, or not at all.
import { FormatError, JepaError, UsageError } from '../src/error.ts';
import {
  EXPORT_DESCRIPTION_NAME,
  type ExportDescription,
  parseExportDescription,
} from '../src/storage/export-format.ts';

export type Fetch = (url: string) => Promise<Response>;

export interface ExportFiles {
  readonly description: ExportDescription;
  /** Fetches a file of the folder by its name in the description. */
  read(name: string): Promise<Uint8Array>;
}

/**
 * @param folder the folder's address, relative to the page's where there is a page; the address of its export.json will do
 * @throws UsageError for what is no address, JepaError where a file cannot be had, FormatError where it is something else.
 */
export async function openExportFiles(folder: string | URL, fetchFile: Fetch): Promise<ExportFiles> {
  const base = folderAddress(folder);
  const where = new URL(EXPORT_DESCRIPTION_NAME, base).href;
  const description = parseExportDescription(where, new TextDecoder().decode(await readFile(where, fetchFile)));
  return { description, read: (name) => readFile(new URL(name, base).href, fetchFile) };
}

function folderAddress(folder: string | URL): URL {
  const page = typeof document === 'undefined' ? undefined : document.baseURI;
  let address: URL;
  try {
    address = new URL(folder, page);
  } catch (cause) {
    throw new UsageError(`loadWorldModel: expected the address of an export folder, got "${folder}"`, {
      remedy: page === undefined ? 'Outside of a page, give the whole address: http://…' : 'Give a URL.',
      cause,
    });
  }
  if (!address.pathname.endsWith('/') && !address.pathname.endsWith(`/${EXPORT_DESCRIPTION_NAME}`))
    address.pathname += '/';
  return address;
}

async function readFile(url: string, fetchFile: Fetch): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetchFile(url);
  } catch (cause) {
    throw new JepaError(`${url}: expected a file, got no answer (${cause instanceof Error ? cause.message : cause})`, {
      remedy: 'Look whether the server runs, and whether it lets this page read from it (CORS).',
      cause,
    });
  }
  if (!response.ok)
    throw new JepaError(`${url}: expected a file, got status ${response.status}`, {
      remedy: 'Put the whole export folder there: export.json and the .onnx files that it names.',
    });
  const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false;
  if (isPage)
    throw new FormatError(`${url}: expected a file of the export, got a web page`, {
      remedy: 'The host answers unknown addresses with a page: put the export folder where this address leads.',
    });
  return new Uint8Array(await response.arrayBuffer());
}
