/**
 * Writes the sources of a made-up release into an empty folder: those of this repository with edits.
 *
 *     node tests/releases/sources.mjs next|broken FOLDER
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { around, copyCrates } from '../mutants/workshop.mjs';
import { MIGRATION, releases } from './edits.mjs';

const [release, folder] = process.argv.slice(2);
copyCrates(folder, ['sdk-core', 'edge-worker', 'edge-worker/control']);
for (const edit of releases[release])
  writeFileSync(join(folder, edit.file), around({ name: release, ...edit }, folder).join(edit.replacement));
if (release === 'next') writeFileSync(join(folder, MIGRATION.file), MIGRATION.text);
