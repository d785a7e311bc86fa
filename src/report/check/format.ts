// A list of checks as JUnit's XML, as annotations of GitHub workflows, and as SARIF 2.1.0. Names come from files and data of others:
// nothing in them may end an attribute, a line or a command.

import { formatJson } from '../../json.ts';
import { type Check, type CheckList, type CheckRule, checkRules } from './check.ts';

export const checkFormats = ['junit', 'github', 'sarif'] as const;
export type CheckFormat = (typeof checkFormats)[number];

/** @param version of this package, for SARIF. @returns text that ends with a line feed */
export function formatChecks(format: CheckFormat, list: CheckList, version: string): string {
  if (format === 'junit') return junit(list);
  return format === 'github' ? github(list) : sarif(list, version);
}

/** One test suite for each runtime, as testing tools show them; a note is a test that passed and has something to say. */
function junit({ command, subject, checks }: CheckList): string {
  const runtimes = [...new Set(checks.map(({ runtime }) => runtime))];
  const countsOf = (list: readonly Check[]) =>
    `tests="${list.length}" failures="${list.filter(({ status }) => status === 'failed').length}"`;
  const suites = runtimes.map((runtime) => {
    const own = checks.filter((check) => check.runtime === runtime);
    const skipped = own.filter(({ status }) => status === 'skipped').length;
    return [
      `  <testsuite name="${xml(`jepa ${command} ${subject}: ${runtime}`)}" ${countsOf(own)} errors="0" skipped="${skipped}">`,
      ...own.map((check) => junitCase(check, `jepa.${command}.${runtime}`)),
      '  </testsuite>',
    ].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${xml(`jepa ${command}`)}" ${countsOf(checks)} errors="0">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function junitCase({ rule, name, status, message }: Check, className: string): string {
  const test = `    <testcase classname="${xml(className)}" name="${xml(rule === 'gate' ? `baseline: ${name}` : name)}"`;
  if (status === 'failed')
    return `${test}>\n      <failure message="${xml(message)}" type="${rule}">${xml(message)}</failure>\n    </testcase>`;
  if (status === 'skipped') return `${test}>\n      <skipped message="${xml(message)}"/>\n    </testcase>`;
  return `${test}>\n      <system-out>${xml(message)}</system-out>\n    </testcase>`;
}

/** As text and within quotes. What XML 1.0 has no character for becomes U+FFFD. */
function xml(text: string): string {
  const references: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
    '\n': '&#10;',
    '\r': '&#13;',
    '\t': '&#9;',
  };
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"'\n\r\t]/g, (character) => references[character]);
}

/** Workflow commands: an error for what failed, a warning for a note, a notice that sums up. */
function github({ command, subject, checks }: CheckList): string {
  const failed = checks.filter(({ status }) => status === 'failed');
  const notes = checks.filter(({ status }) => status === 'note');
  const annotate = (kind: 'error' | 'warning', { runtime, name, message }: Check) =>
    `::${kind} file=${property(subject)},title=${property(`jepa ${command}: ${name} (${runtime})`)}::${data(message)}`;
  const counts = `${checks.length} checks, ${failed.length} failed, ${checks.filter(({ status }) => status === 'skipped').length} skipped`;
  return `${[
    ...failed.map((check) => annotate('error', check)),
    ...notes.map((check) => annotate('warning', check)),
    `::notice title=${property(`jepa ${command} ${subject}`)}::${data(counts)}`,
  ].join('\n')}\n`;
}

/** The part behind `::`: one line. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** A value among the properties, which commas and colons end. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Failures and notes as results of rules; what passed and what was skipped has no place in it. */
function sarif({ command, subject, checks }: CheckList, version: string): string {
  const shown = checks.filter(({ status }) => status === 'failed' || status === 'note');
  const rules = [...new Set(checks.map(({ rule }) => rule))];
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'jepa-onnx',
            semanticVersion: version,
            rules: rules.map((rule) => ({ id: rule, shortDescription: { text: checkRules[rule] } })),
          },
        },
        automationDetails: { id: `jepa ${command}/` },
        results: shown.map((check) => sarifResult(check, subject, rules)),
      },
    ],
  };
  return formatJson(log);
}

function sarifResult({ rule, runtime, name, status, message }: Check, subject: string, rules: readonly CheckRule[]) {
  return {
    ruleId: rule,
    ruleIndex: rules.indexOf(rule),
    level: status === 'failed' ? 'error' : 'note',
    message: { text: `${runtime}: ${name}: ${message}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(subject) }, region: { startLine: 1 } },
        logicalLocations: [{ name: runtime, kind: 'module' }],
      },
    ],
    // Otherwise two runtimes with the same fault in one file are one.
    partialFingerprints: { 'jepaCheck/v1': `${rule}/${runtime}/${name}` },
  };
}

/** Relative where it was named so; an absolute path is a URI of a file. */
function uriOf(path: string): string {
  const parts = path.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  return parts.startsWith('/') ? `file://${parts}` : parts;
}
