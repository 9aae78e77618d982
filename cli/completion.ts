// Owns: `dsamp completion`: scripts for bash, zsh and fish, made from the tree of commands. Words that are known only to
// dsamp (codes, names of the library) are written into the script.

import type { Command, Option } from "commander";
import { codes } from "../compiler/diagnostics/codes.js";
import { libraryEntries } from "../compiler/resolve/documentation.js";
import { exit } from "./exit.js";
import type { Io } from "./io.js";
import { backends, oneOf } from "./usage.js";

export const shells = ["bash", "zsh", "fish"] as const;

interface Verb {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  /** Words its first argument may be; undefined: files. */
  readonly words: readonly string[] | undefined;
}

const importable = ["diffusers", "k-diffusion", "comfyui"];

/** Words of a verb's first argument. */
function wordsOf(name: string): readonly string[] | undefined {
  switch (name) {
    case "explain":
      return Object.keys(codes);
    case "show":
      return [...new Set(libraryEntries().map((entry) => entry.name))].sort();
    case "completion":
      return shells;
    case "import":
      return importable;
    default:
      return undefined;
  }
}

const verbsOf = (root: Command): readonly Verb[] =>
  root.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command.options,
    words: wordsOf(command.name()),
  }));

/** Values of options that take one of a few words. */
const choices: Readonly<Record<string, readonly string[]>> = {
  "--backend": backends,
  "--emit": ["ast", "graph", "coefficients", "kernels", "plan"],
  "--format": ["text", "json", "sarif", "github"],
  "--precision": ["plain", "compensated"],
  "--kind": ["solver", "grid", "schedule", "guidance", "parameterization"],
  "--template": ["toy", "digits", "stable-diffusion"],
};

const flagsOf = ({ options }: Verb): readonly string[] => [
  ...options.flatMap(({ long, short }) => [long, short].filter((flag) => typeof flag === "string")),
  "--help",
];

export function completion(shell: string, root: Command, io: Io): number {
  const verbs = verbsOf(root);
  switch (oneOf("completion", shell, shells)) {
    case "bash":
      io.stdout.write(bash(verbs));
      break;
    case "zsh":
      io.stdout.write(zsh(verbs));
      break;
    case "fish":
      io.stdout.write(fish(verbs));
      break;
  }
  return exit.ok;
}

function bash(verbs: readonly Verb[]): string {
  const values = Object.entries(choices).map(
    ([flag, words]) => `    ${flag}) COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$current")); return ;;`,
  );
  const cases = verbs.map(
    (verb) =>
      `    ${verb.name}) flags="${flagsOf(verb).join(" ")}"; words="${(verb.words ?? []).join(" ")}" ;;`,
  );
  return `# dsamp completion bash > ~/.local/share/bash-completion/completions/dsamp
_dsamp() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags="" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${verbs.map((verb) => verb.name).join(" ")} --help --version" -- "$current"))
    return
  fi
  case "$before" in
${values.join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *)
      if [ -n "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
      COMPREPLY+=($(compgen -f -- "$current"))
      ;;
  esac
}
complete -o filenames -F _dsamp dsamp
`;
}

/** Text between single quotes of a shell. */
const quoted = (text: string): string => text.replaceAll("'", "'\\''");

function zsh(verbs: readonly Verb[]): string {
  const described = (text: string): string => quoted(text).replaceAll("[", "\\[").replaceAll("]", "\\]");
  const spec = (option: Option): string => {
    const { long, short, description, required, optional } = option;
    const words = choices[long ?? ""];
    const value = words ? `:value:(${words.join(" ")})` : ":value:_files";
    const tail = `[${described(description)}]${required || optional ? value : ""}`;
    const many = /repeatable/.test(description) ? "*" : "";
    return [long, short]
      .filter((flag) => typeof flag === "string")
      .map((flag) => `'${many}${flag}${tail}'`)
      .join(" ");
  };
  const cases = verbs.map((verb) => {
    const first = verb.words ? `'1:what:(${verb.words.join(" ")})' '*:file:_files'` : "'*:file:_files'";
    return `    ${verb.name}) _arguments ${[...verb.options.map(spec), "'--help[print this help]'", first].join(" ")} ;;`;
  });
  return `#compdef dsamp
# dsamp completion zsh > ~/.zfunc/_dsamp   (with fpath+=~/.zfunc before compinit)
_dsamp() {
  local -a verbs
  verbs=(
${verbs.map((verb) => `    '${verb.name}:${quoted(verb.description)}'`).join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' verbs
    return
  fi
  local verb="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$verb" in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_dsamp" ]; then _dsamp "$@"; else compdef _dsamp dsamp; fi
`;
}

function fish(verbs: readonly Verb[]): string {
  const lines = verbs.flatMap((verb) => {
    const inside = `-n '__fish_seen_subcommand_from ${verb.name}'`;
    const options = verb.options.map((option) => {
      const { long, short, description, required, optional } = option;
      const words = choices[long ?? ""];
      const names = `${long === undefined ? "" : ` -l ${long.slice(2)}`}${short === undefined ? "" : ` -s ${short.slice(1)}`}`;
      const value = required || optional ? (words ? ` -x -a '${words.join(" ")}'` : " -r") : "";
      return `complete -c dsamp ${inside}${names}${value} -d '${quoted(description)}'`;
    });
    const words = verb.words ? [`complete -c dsamp ${inside} -a '${verb.words.join(" ")}'`] : [];
    return [
      `complete -c dsamp -n __fish_use_subcommand -f -a ${verb.name} -d '${quoted(verb.description)}'`,
      ...options,
      ...words,
    ];
  });
  return `# dsamp completion fish > ~/.config/fish/completions/dsamp.fish\n${lines.join("\n")}\n`;
}
