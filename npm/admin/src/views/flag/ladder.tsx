/** The way to a flag's answer: its steps in their order of precedence, as sentences. */
import type { Definition, Feature } from '../../api/model.js';
import { sentences } from './sentences.js';

export function Ladder({
  feature,
  definition,
  environment,
}: {
  feature: Feature;
  definition: Definition;
  environment: string | undefined;
}) {
  return (
    <section className="card" aria-labelledby="who-gets-it">
      <h2 id="who-gets-it">Who gets it</h2>
      <p className="quiet small">The first line that applies to somebody decides.</p>
      <ol className="ladder">
        {sentences(definition.definition, feature, environment).map(({ name, text, isSettling }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step has no other name than its place.
          <li key={index} data-settles={isSettling}>
            <b>{name}</b>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
