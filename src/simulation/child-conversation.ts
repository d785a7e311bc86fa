// A conversation with a child process over its pipes: one question, one answer, each a line of JSON with `type` and
// `byteLength` and so many bytes after it. The protocol that is spoken with Python: docs/simulation.md.
import { type ChildProcess, spawn } from 'node:child_process';
import * as z from 'zod';
import { FormatError, JepaError, option, UnavailableError } from '../error.ts';
import { parseJsonIfAny } from '../json.ts';
import { endWithThisProcess } from '../machine/launcher-guard.ts';
import { systemErrorCode } from '../storage/file-system.ts';

export interface Question {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Answer {
  /** Checked to be an object of the awaited `type`; the rest is the caller's to check. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

export interface Conversation {
  /**
   * Asks and waits.
   * @throws ChildFault where the child answers with a fault
   * @throws FormatError where the answer is not one; JepaError where the child ended or took too long. Both end the child.
   */
  ask(question: Question, options?: AskOptions): Promise<Answer>;
  /** Ends the child: by the end of its input, and after a second by force. */
  dispose(): Promise<void>;
}

export interface AskOptions {
  readonly body?: Uint8Array;
  /** What the answer must have; by default any number up to the limit of answers. */
  readonly byteLength?: number;
}

export interface ConversationOptions {
  /** For messages. */
  readonly where: string;
  readonly program: string;
  readonly programArguments: readonly string[];
  /** Longest time of one answer. */
  readonly limitMs: number;
  readonly missingRemedy: string;
}

/** A fault that the child reported itself, by its kind. */
export class ChildFault extends Error {
  readonly kind: string;
  /** What the child itself advises. */
  readonly remedy: string | undefined;
  constructor(kind: string, message: string, remedy?: string) {
    super(message);
    this.kind = kind;
    this.remedy = remedy;
  }
}

/** A header that is longer is none. */
const HEADER_BYTES = 64 * 1024;
/** An answer holds the observations of some lanes. */
const BODY_BYTES = 1024 ** 3;
/** How much of stderr is kept, of which the last line is told. */
const COMPLAINT_CHARACTERS = 8192;
const END_LIMIT_MS = 1000;

const headerSchema = z.looseObject({ type: z.string(), byteLength: z.int().min(0).max(BODY_BYTES) });
const faultSchema = z.looseObject({ kind: z.string(), message: z.string(), remedy: z.string().optional() });

const NO_MESSAGE = { kind: 'exception', message: 'no message' };

interface Waiting {
  readonly question: Question;
  readonly byteLength: number | undefined;
  readonly timer: NodeJS.Timeout;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

export function startConversation(options: ConversationOptions): Conversation {
  const { where, program, programArguments, limitMs } = options;
  const child = spawn(program, [...programArguments], { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
  let complaints = '';
  let received: Uint8Array[] = [];
  let receivedBytes = 0;
  let header: z.output<typeof headerSchema> | undefined;
  let waiting: Waiting | undefined;
  /** Why nothing more can be asked. */
  let ended: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const release = child.pid === undefined ? () => {} : endWithThisProcess(child.pid);
  void closed.then(() => {
    process.off('exit', killAtExit);
    release();
  });

  const fail = (error: Error): void => {
    ended ??= error;
    if (waiting) clearTimeout(waiting.timer);
    waiting?.reject(error);
    waiting = undefined;
    child.kill('SIGKILL');
  };
  const violate = (expected: string, got: string): void =>
    fail(new FormatError(`${where}: expected ${expected} from ${program}, got ${got}`, { remedy: REMEDY }));
  const settle = (body: Uint8Array<ArrayBuffer>): void => {
    const current = waiting;
    const found = header;
    header = undefined;
    waiting = undefined;
    if (current === undefined || found === undefined) return;
    clearTimeout(current.timer);
    if (found.type === 'fault') {
      const { kind, message, remedy } = faultSchema.safeParse(found).data ?? { ...NO_MESSAGE, remedy: undefined };
      current.reject(new ChildFault(kind, message.trim().split('\n')[0], remedy));
    } else current.resolve({ header: found, body });
  };
  /** Takes `count` received bytes, which may lie in several pieces. */
  const take = (count: number): Uint8Array<ArrayBuffer> => {
    const all = Buffer.concat(received);
    received = count < all.byteLength ? [all.subarray(count)] : [];
    receivedBytes = all.byteLength - count;
    return new Uint8Array(all.subarray(0, count));
  };
  const readHeader = (): boolean => {
    const all = received.length === 1 ? Buffer.from(received[0]) : Buffer.concat(received);
    const end = all.subarray(0, HEADER_BYTES).indexOf(0x0a);
    if (end < 0) {
      received = [all];
      if (receivedBytes >= HEADER_BYTES) violate(`a line of at most ${HEADER_BYTES} bytes`, 'a longer one');
      return false;
    }
    const line = new TextDecoder().decode(take(end + 1)).trimEnd();
    if (waiting === undefined) {
      violate('nothing without a question', quote(line));
      return false;
    }
    const parsed = headerSchema.safeParse(parseJsonIfAny(line));
    if (!parsed.success) {
      violate('a line of JSON with "type" and "byteLength"', quote(line));
      return false;
    }
    header = parsed.data;
    const wanted = header.type === 'fault' ? 0 : waiting.byteLength;
    if (header.type !== 'fault' && header.type !== waiting.question.type)
      violate(`the answer "${waiting.question.type}"`, `"${header.type}"`);
    else if (wanted !== undefined && header.byteLength !== wanted)
      violate(`${wanted} bytes in the answer "${header.type}"`, String(header.byteLength));
    return ended === undefined;
  };
  child.stdout.on('data', (chunk: Uint8Array) => {
    received.push(chunk);
    receivedBytes += chunk.byteLength;
    while (ended === undefined && receivedBytes > 0 && (header !== undefined || readHeader())) {
      if (header === undefined || receivedBytes < header.byteLength) break;
      settle(take(header.byteLength));
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINT_CHARACTERS);
  });
  // Its end is told by `close`.
  child.stdin.on('error', () => {});
  child.once('error', (error) =>
    fail(
      ['ENOENT', 'EACCES'].includes(systemErrorCode(error) ?? '')
        ? new UnavailableError(`${where}: expected Python, got no program "${program}"`, {
            remedy: options.missingRemedy,
            cause: error,
          })
        : error,
    ),
  );
  child.once('close', (code, signal) => {
    if (ended !== undefined) return;
    const how = signal === null ? `exit code ${code}` : signal;
    const said = complaints.trim().split('\n').at(-1);
    const what = waiting === undefined ? 'it to go on' : `an answer to "${waiting.question.type}"`;
    fail(new JepaError(`${where}: expected ${what}, got the end of ${program} (${how})${said ? `: ${said}` : ''}`));
  });

  return {
    ask(question, { body = new Uint8Array(0), byteLength } = {}) {
      return new Promise<Answer>((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        if (waiting !== undefined) return reject(new Error('the question before was not answered yet'));
        const timer = setTimeout(
          () =>
            fail(
              new JepaError(`${where}: expected an answer to "${question.type}" within ${limitMs / 1000} s, got none`, {
                remedy: `Allow more with ${option('timeLimit', 'SECONDS')}.`,
              }),
            ),
          limitMs,
        );
        waiting = { question, byteLength, timer, resolve, reject };
        child.stdin.write(`${JSON.stringify({ ...question, byteLength: body.byteLength })}\n`);
        if (body.byteLength > 0) child.stdin.write(body);
      });
    },
    async dispose() {
      ended ??= new JepaError(`${where}: expected a running ${program}, got one that was ended`);
      await endChild(child, closed);
    },
  };
}

const REMEDY = `Something else than this project answers: check ${option('python')}.`;

async function endChild(child: ChildProcess, closed: Promise<void>): Promise<void> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
  await closed;
  clearTimeout(timer);
}

function quote(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 57)}...` : line);
}
