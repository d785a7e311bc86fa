// Programs that do not keep to the protocol, each answered with one line; what keeps to it is tested with Python itself.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Conversation, startConversation } from '../../src/simulation/child-conversation.ts';
import { openGymnasium } from '../../src/simulation/gymnasium.ts';
import { temporaryFolder } from '../storage/temporary-folder.ts';

/** A program that runs `script` in Node, whatever it is called with. */
function programOf(script: string): string {
  const path = join(temporaryFolder(), 'program');
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" -e '${script}'\n`);
  chmodSync(path, 0o755);
  return path;
}

function start(program: string, limitMs = 20_000): Conversation {
  const conversation = startConversation({
    where: 'gym:X',
    program,
    programArguments: [],
    limitMs,
    missingRemedy: 'Install it.',
  });
  onTestFinished(() => conversation.dispose());
  return conversation;
}

const answering = (output: string) => `process.stdin.once("data", () => process.stdout.write(${output}))`;

describe.skipIf(process.platform === 'win32')('a program that does not keep to the protocol', () => {
  test.each([
    [answering('"hello\\n"'), 'a line of JSON with "type" and "byteLength" from PROGRAM, got "hello"'],
    [answering('"[1]\\n"'), 'a line of JSON with "type" and "byteLength" from PROGRAM, got "[1]"'],
    [
      answering('JSON.stringify({ type: "step", byteLength: -1 }) + "\\n"'),
      'a line of JSON with "type" and "byteLength" from PROGRAM, got "{\\"type\\":\\"step\\",\\"byteLength\\":-1}"',
    ],
    [
      answering('JSON.stringify({ type: "open", byteLength: 0 }) + "\\n"'),
      'the answer "step" from PROGRAM, got "open"',
    ],
    [
      answering('JSON.stringify({ type: "step", byteLength: 3 }) + "\\nabc"'),
      '4 bytes in the answer "step" from PROGRAM, got 3',
    ],
    [answering('"x".repeat(70000)'), 'a line of at most 65536 bytes from PROGRAM, got a longer one'],
    ['process.stdout.write("{}\\n"); setTimeout(() => {}, 20000)', 'PROGRAM, got "{}"'],
    [
      'process.stdin.once("data", () => { console.error("no memory"); process.exit(3); })',
      'an answer to "step", got the end of PROGRAM (exit code 3): no memory',
    ],
    [
      'process.stdin.once("data", () => process.kill(process.pid, "SIGKILL"))',
      'an answer to "step", got the end of PROGRAM (SIGKILL)',
    ],
  ])('%s', async (script, message) => {
    const program = programOf(script);
    const conversation = start(program);
    await expect(conversation.ask({ type: 'step' }, { byteLength: 4 })).rejects.toThrow(
      message.replace('PROGRAM', program),
    );
    // And is asked nothing more.
    await expect(conversation.ask({ type: 'step' })).rejects.toThrow('gym:X: expected');
  });

  test('is stopped where it takes too long, and an answer in pieces is put together', async () => {
    await expect(start(programOf('setTimeout(() => {}, 20000)'), 300).ask({ type: 'open' })).rejects.toThrow(
      'gym:X: expected an answer to "open" within 0.3 s, got none',
    );
    const script = `process.stdin.once("data", () => {
      const answer = JSON.stringify({ type: "step", byteLength: 5 }) + "\\n\\n23\\n5";
      let sent = 0;
      const timer = setInterval(() => sent < answer.length ? process.stdout.write(answer[sent++]) : clearInterval(timer), 1);
    })`;
    const { body } = await start(programOf(script)).ask({ type: 'step' }, { byteLength: 5 });
    expect(new TextDecoder().decode(body)).toBe('\n23\n5');
  });

  test('is told apart from one that is missing', async () => {
    await expect(start('/nowhere/python').ask({ type: 'open' })).rejects.toThrow(
      'gym:X: expected Python, got no program "/nowhere/python"',
    );
  });

  test('a description of another protocol is refused', async () => {
    const python = programOf(answering('JSON.stringify({ type: "open", protocol: 9, byteLength: 0 }) + "\\n"'));
    await expect(openGymnasium('X', { python })).rejects.toThrow(
      'gym:X: expected a description of the environment by protocol 2, got another',
    );
  });
});
