// What may follow what on the command line, read from the definition of the program.
import type { Argument, Command, Option } from 'commander';
import { isHidden } from '../help.ts';

/** What a value is completed with: one of these words, a path, or nothing that is known. */
export type Values = readonly string[] | 'path' | 'unknown';

export interface CompletedOption {
  /** `--out`, and `-h` where there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined: the option takes no value. */
  readonly values: Values | undefined;
}

export interface CompletedCommand {
  /** The words after `jepa`; empty for the program itself. */
  readonly path: readonly string[];
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** Of the arguments, whichever of them comes next. */
  readonly values: Values;
}

/** Placeholders of the definitions that stand for a file or a folder. */
const pathPlaceholder = /folder|file|path|run|\.(?:json|onnx)|model|target|recording|simulator/i;

/** The program first, then every command and subcommand that is listed. */
export function completionWords(
  program: Command,
  known: { readonly environmentNames: readonly string[] },
): CompletedCommand[] {
  const valuesOf = (name: string, choices: readonly string[] | undefined): Values => {
    if (choices !== undefined) return choices;
    if (pathPlaceholder.test(name)) return 'path';
    return name === 'environment' ? known.environmentNames : 'unknown';
  };
  const optionOf = (option: Option): CompletedOption => ({
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: firstClause(option.description),
    values:
      option.required || option.optional
        ? valuesOf(/[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '', option.argChoices)
        : undefined,
  });
  const argumentValues = (args: readonly Argument[]): Values => {
    const each = args.map((argument) => valuesOf(argument.name(), argument.argChoices));
    const words = each.flatMap((values) => (typeof values === 'string' ? [] : values));
    return words.length > 0 ? words : each.includes('path') ? 'path' : 'unknown';
  };
  const walk = (command: Command, path: readonly string[]): CompletedCommand[] => {
    const listed = command.commands.filter((each) => !isHidden(each));
    return [
      {
        path,
        subcommands: listed.map((each) => ({ name: each.name(), description: firstClause(each.description()) })),
        options: command.createHelp().visibleOptions(command).map(optionOf),
        values: argumentValues(command.registeredArguments),
      },
      ...listed.flatMap((each) => walk(each, [...path, each.name()])),
    ];
  };
  return walk(program, []);
}

/** A menu has room for a few words. */
function firstClause(description: string): string {
  return description.split(/[:;(]/)[0].trim();
}
