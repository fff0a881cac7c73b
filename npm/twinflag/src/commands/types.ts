/** `twinflag types`: writes TypeScript declarations of the flags. */
import { writeFileSync } from 'node:fs';

import type { Command } from 'commander';

import { declarationsOf } from '../types.js';
import type { Document } from '../wire.js';
import { connect, forServer, type ServerOptions, withExample } from './common.js';

export function addTypesCommand(program: Command): void {
  withExample(
    forServer(program.command('types').description('Write a TypeScript declaration of the keys of all flags, and of their values.')),
    'twinflag types --output flags.d.ts',
  )
    .option('-o, --output <file>', 'the file to write, such as flags.d.ts; standard output by default')
    .action(async ({ output, ...options }: ServerOptions & { readonly output?: string }) => {
      const text = declarationsOf((await connect(options).ask<Document>({ path: '/api/admin/document' })).body);
      if (output === undefined) process.stdout.write(text);
      else writeFileSync(output, text);
    });
}
