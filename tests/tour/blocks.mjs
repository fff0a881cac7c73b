/** The blocks of code in a Markdown text, each with its language and the heading it stands under. */
export function blocksOf(markdown) {
  const blocks = [];
  let heading = '',
    open;
  for (const line of markdown.split('\n')) {
    if (open && line === '```') {
      blocks.push(open);
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (line.startsWith('```')) open = { heading, language: line.slice(3).trim(), lines: [] };
    else if (line.startsWith('## ')) heading = line.slice(3);
  }
  return blocks;
}

/** The commands of a block and what each is said to print: `#>` lines are what everything before them prints. */
export function stepsOf(lines) {
  const steps = [];
  let commands = [],
    expected = [];
  const close = () => {
    if (commands.length > 0) steps.push({ commands: commands.join('\n'), expected });
    [commands, expected] = [[], []];
  };
  for (const line of lines) {
    if (line.startsWith('#>')) expected.push(line.slice(2).replace(/^ /, ''));
    else {
      if (expected.length > 0) close();
      commands.push(line);
    }
  }
  close();
  return steps;
}

/**
 * The server of a guide: the block that ends with `cargo xtask dev` says what comes first and how it is started; the other blocks
 * are pasted while it runs. Without such a block there is none.
 */
export function serverOf(blocks) {
  const starts = ({ lines }) => lines.at(-1)?.startsWith('cargo xtask dev');
  const block = blocks.find(starts);
  if (!block) return { first: [], rest: blocks };
  const options = block.lines.at(-1).split(/\s+#/)[0].split(/\s+/).slice(3);
  const at = options.indexOf('--data');
  const [, data] = at < 0 ? [] : options.splice(at, 2);
  return { first: block.lines.slice(0, -1), data, options, rest: blocks.filter(other => other !== block) };
}

/**
 * The README's installation: the first block for a console builds, installs, and serves in the foreground; the others are
 * pasted, line by line, while it serves.
 */
export function installationOf(blocks) {
  const [build, ...installs] = blocks.find(({ language }) => language === 'console').lines;
  const serve = installs.pop();
  return { build, installs, serve, rest: blocks.flatMap(block => pastedOf(block) ?? []) };
}

/** The part of a block that a reader pastes: the commands of `sh`; a script is saved under the name in its first line. */
function pastedOf({ language, lines }) {
  if (language === 'sh') return lines;
  const name = language === 'js' && lines[0].match(/^\/\/ (\S+\.mjs)$/)?.[1];
  return name ? [`cat > ${name} <<'JS'`, ...lines, 'JS'] : undefined;
}

/** Whether lines are as they were said to be; `…` stands for whatever is between, within its line. */
export function isAsSaid(lines, expected) {
  const pattern = line =>
    new RegExp(
      `^${line
        .split('…')
        .map(part => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
        .join('.*')}$`,
    );
  return lines.length === expected.length && expected.every((line, index) => pattern(line).test(lines[index]));
}
