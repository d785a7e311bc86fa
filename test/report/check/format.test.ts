// Results for other programs: what escapes in each format, and that a failure is one exactly where the command fails.

import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type CheckList, evaluationChecks, verificationChecks } from '../../../src/report/check/check.ts';
import { formatChecks } from '../../../src/report/check/format.ts';
import type { VerificationRecord } from '../../../src/verification/schema.ts';
import { findPython } from '../../python/python.ts';

/** Everything that could end an attribute, a line or a command. */
const HOSTILE = `a<b> & "c" 'd'\n::error::e,f:100%\u0000\ud800]]>`;
const list: CheckList = {
  command: 'evaluate',
  subject: 'models/été, 1.onnx',
  checks: [
    { rule: 'verdict', runtime: 'cpu', name: 'verdict', status: 'passed', message: 'distinct' },
    { rule: 'gate', runtime: 'cpu', name: HOSTILE, status: 'failed', message: HOSTILE },
    { rule: 'rounding', runtime: 'wasm', name: 'verdict holds', status: 'note', message: 'it could change' },
    { rule: 'gate', runtime: 'wasm', name: 'pinned latents', status: 'skipped', message: 'other observations' },
  ],
};

describe('JUnit', () => {
  const text = formatChecks('junit', list, '1.2.3');

  test('counts tests, failures and what was skipped, a suite for each runtime', () => {
    expect(text).toContain('<testsuites name="jepa evaluate" tests="4" failures="1" errors="0">');
    expect(text).toContain(
      '<testsuite name="jepa evaluate models/été, 1.onnx: cpu" tests="2" failures="1" errors="0" skipped="0">',
    );
    expect(text).toContain('tests="2" failures="0" errors="0" skipped="1">');
    expect(text).toContain('<skipped message="other observations"/>');
    expect(text).toContain('<system-out>it could change</system-out>');
  });

  test('escapes what is markup, and replaces what XML has no character for', () => {
    const escaped = 'a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;&#10;::error::e,f:100%\ufffd\ufffd]]&gt;';
    expect(text).toContain(`name="baseline: ${escaped}"`);
    expect(text).toContain(`<failure message="${escaped}" type="gate">${escaped}</failure>`);
  });

  const python = findPython('xml.etree.ElementTree');
  test.skipIf(python === undefined)('is what another parser reads', () => {
    const script =
      'import sys, json, xml.etree.ElementTree as x; r = x.fromstring(sys.stdin.buffer.read()); print(json.dumps([[s.tag, len(s), [c.get("name") for c in s]] for s in r]))';
    const read: unknown = JSON.parse(execFileSync(python ?? '', ['-c', script], { input: text, encoding: 'utf8' }));
    expect(read).toEqual([
      [
        'testsuite',
        2,
        ['verdict', `baseline: ${HOSTILE.replaceAll('\u0000', '\ufffd').replaceAll('\ud800', '\ufffd')}`],
      ],
      ['testsuite', 2, ['verdict holds', 'baseline: pinned latents']],
    ]);
  });
});

test('GitHub’s annotations are a line each, whatever the names hold', () => {
  const lines = formatChecks('github', list, '1.2.3').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain(
    '::error file=models/été%2C 1.onnx,title=jepa evaluate%3A a<b> & "c" \'d\'%0A%3A%3Aerror%3A%3Ae%2Cf%3A100%25',
  );
  expect(lines[0]).toMatch(/::a<b> & "c" 'd'%0A::error::e,f:100%25/);
  expect(lines[1]).toMatch(/^::warning file=.*::it could change$/);
  expect(lines[2]).toBe('::notice title=jepa evaluate models/été%2C 1.onnx::4 checks, 1 failed, 1 skipped');
});

test('SARIF has the failure as an error and the note as a note, each with its rule and place', () => {
  const log = JSON.parse(formatChecks('sarif', list, '1.2.3'));
  expect(log.version).toBe('2.1.0');
  const [{ tool, results }] = log.runs;
  expect(tool.driver).toMatchObject({ name: 'jepa-onnx', semanticVersion: '1.2.3' });
  expect(tool.driver.rules.map(({ id }: { readonly id: string }) => id)).toEqual(['verdict', 'gate', 'rounding']);
  expect(results).toMatchObject([
    { ruleId: 'gate', ruleIndex: 1, level: 'error' },
    { ruleId: 'rounding', ruleIndex: 2, level: 'note', message: { text: 'wasm: verdict holds: it could change' } },
  ]);
  const [{ physicalLocation }] = results[0].locations;
  expect(physicalLocation).toEqual({
    artifactLocation: { uri: 'models/%C3%A9t%C3%A9%2C%201.onnx' },
    region: { startLine: 1 },
  });
});

describe('a verification', () => {
  const ran = { status: 'ran', faults: [], verdict: 'distinct', maxLatentError: 1e-6, isReference: false } as const;
  const absent = { status: 'absent', reason: 'no java', remedy: 'Install it.', isRequired: false } as const;
  const int8 = {
    ...ran,
    runtime: 'cpu:int8',
    model: 'int8',
    holds: false,
    faults: ['the verdict may change'],
  } as const;
  const recordOf = (holds: boolean, ...rows: readonly object[]) =>
    ({ holds, reference: { runtime: 'tfjs' }, runtimes: rows }) as unknown as VerificationRecord;
  const statuses = (record: VerificationRecord) => verificationChecks('run', record).checks.map(({ status }) => status);

  test('fails where its exit code does: an optional variant only where it was asked for by name', () => {
    const good = { ...ran, runtime: 'cpu', model: 'float32', holds: true };
    expect(statuses(recordOf(true, good, { ...absent, runtime: 'java' }, int8))).toEqual(['passed', 'skipped', 'note']);
    expect(statuses(recordOf(false, good, int8))).toEqual(['passed', 'failed']);
    expect(statuses(recordOf(false, { ...good, holds: false }, int8))).toEqual(['failed', 'note']);
    expect(statuses(recordOf(false, good, { ...absent, runtime: 'java', isRequired: true }))).toEqual([
      'passed',
      'failed',
    ]);
  });
});

test('an evaluation fails where a verdict is what it should fail on, and where the gate does', () => {
  const runtime = {
    ...{ runtime: 'cpu', verdict: 'coarse', verdictHolds: true, maxLatentError: 0, decidingGap: 1 },
    separable: { share: 0.5, interval: [0.4, 0.6], pair: ['a', 'b'] },
  };
  const gate = {
    baseline: 'b.json',
    checks: [
      { runtime: 'cpu', name: 'verdict', status: 'worse', before: 'distinct', now: 'coarse', detail: 'x', p: null },
    ],
  };
  const record = { reference: { runtime: 'cpu' }, runtimes: [runtime], gate } as never;
  const { checks } = evaluationChecks('e.onnx', record, ({ verdict }) => verdict === 'coarse');
  expect(checks.map(({ rule, status }) => [rule, status])).toEqual([
    ['verdict', 'failed'],
    ['rounding', 'passed'],
    ['gate', 'failed'],
  ]);
  expect(checks[0].message).toBe(
    'coarse: 50.0% (40.0% to 60.0%) of the worst pair of classes, a and b, are told apart',
  );
  expect(evaluationChecks('e.onnx', record, () => false).checks[0].status).toBe('passed');
});
