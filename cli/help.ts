// How help is laid out: the commands in groups with their examples first, each by its name alone, so that a terminal of 80
// columns has room for what they do.
import type { Command, Help, HelpConfiguration } from 'commander';

/** Of the first page: the way from nothing to an answer. */
const EXAMPLES = `Examples:
  jepa quickstart                       everything once, in a minute
  jepa train counting --out runs/a      train a world model
  jepa export runs/a                    write its ONNX files
  jepa evaluate runs/a --open           measure its latents, and open the report
  jepa evaluate encoder.onnx --data frames.npz
  jepa convert model.json model.onnx    any TensorFlow.js model`;

/** Every command takes options, and has help: saying so of each says nothing. */
const quiet: HelpConfiguration = {
  subcommandTerm: (command) => command.name(),
  commandUsage: (command) => {
    const ancestors: string[] = [];
    for (let at = command.parent; at; at = at.parent) ancestors.unshift(at.name());
    const usage = command.commands.length > 0 ? '<command>' : command.usage().replace('[options]', '').trim();
    return [...ancestors, command.name(), usage].filter((part) => part !== '').join(' ');
  },
  visibleCommands(this: Help, command) {
    // `jepa help train` works as everywhere, and needs no line.
    return command.commands.filter((each) => each.name() !== 'help' && !isHidden(each));
  },
};

const hidden = new WeakSet<Command>();

/** A command that programs start, not people: it works, and no help and no completion lists it. */
export function hide(command: Command): Command {
  hidden.add(command);
  return command;
}

export function isHidden(command: Command): boolean {
  return hidden.has(command);
}

/** Lays out the help of a program, of its commands and of theirs. */
export function layOutHelp(program: Command): void {
  program.configureHelp({
    ...quiet,
    formatHelp(command, helper: Help) {
      const width = helper.padWidth(command, helper);
      const item = (term: string, description: string) => helper.formatItem(term, width, description, helper);
      const groups = new Map<string, string[]>();
      for (const each of helper.visibleCommands(command)) {
        const group = each.helpGroup() || 'Commands:';
        groups.set(group, [...(groups.get(group) ?? []), item(each.name(), helper.subcommandDescription(each))]);
      }
      const options = helper
        .visibleOptions(command)
        .map((option) => item(helper.optionTerm(option), helper.optionDescription(option)));
      return [
        `Usage: ${helper.commandUsage(command)}`,
        '',
        helper.boxWrap(helper.commandDescription(command), helper.helpWidth ?? 80),
        '',
        EXAMPLES,
        '',
        ...[...groups].flatMap(([group, lines]) => [group, ...lines, '']),
        'Options:',
        ...options,
        '',
        'jepa <command> --help says what a command takes. Guides: README.md and docs/.',
        '',
      ].join('\n');
    },
  });
  for (const command of program.commands) layOutCommand(command);
}

function layOutCommand(command: Command): void {
  command.configureHelp(quiet);
  for (const nested of command.commands) layOutCommand(nested);
}
