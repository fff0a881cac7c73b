// Reads an OpenAPI description for a test: its operations in order, requests from their examples, and checks of answers by schema.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../npm/package.json', import.meta.url));
const { default: Ajv } = await import(require.resolve('ajv/dist/2020.js'));
const { default: addFormats } = await import(require.resolve('ajv-formats'));

const METHODS = ['get', 'post', 'put', 'delete'];

/** Reads a description. A member that an answer has and its schema does not describe is a fault. */
export function openDescription(document) {
  const ajv = new Ajv({ allErrors: true, strictTypes: false, strictRequired: false });
  addFormats(ajv);
  ajv.addSchema({ $id: 'description', $defs: rebased(closed(document.components.schemas)) });
  const resolve = object => (object?.$ref ? resolve(at(document, object.$ref)) : object);
  const faultsOf = (schema, value) => {
    const validate = ajv.compile(rebased(closed(schema)));
    return validate(value)
      ? []
      : validate.errors.map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);
  };
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter(method => METHODS.includes(method))
      .map(method => operationOf(path, method, item[method], { resolve, faultsOf })),
  );
  return { document, operations, wrongExamples: () => operations.flatMap(operation => operation.wrongExamples()) };
}

function operationOf(path, method, operation, { resolve, faultsOf }) {
  const name = `${method.toUpperCase()} ${path}`;
  const schemes = operation.security.flatMap(requirement => Object.keys(requirement));
  const parameters = (operation.parameters ?? []).map(resolve);
  const given = where => parameters.filter(parameter => parameter.in === where && parameter.example !== undefined);
  const [[type, content] = []] = Object.entries(resolve(operation.requestBody)?.content ?? {});
  const bodies = Object.entries(content?.examples ?? { request: { value: undefined } });
  return {
    name,
    schemes,
    /** The example requests, one for each example of a body. */
    examples: () =>
      bodies.map(([label, { value }]) => ({
        label,
        method: method.toUpperCase(),
        path: given('path').reduce((path, { name, example }) => path.replace(`{${name}}`, encodeURIComponent(example)), path),
        query: given('query').reduce(
          (query, { name, example }) => `${query}${query ? '&' : '?'}${name}=${encodeURIComponent(example)}`,
          '',
        ),
        headers: Object.fromEntries([
          ...(type ? [['content-type', type]] : []),
          ...given('header').map(({ name, example }) => [name, example]),
        ]),
        body: value,
        scheme: schemes[0],
      })),
    /** The differences between an answer and its description: status, headers, content type and body. */
    faults({ status, type, headers, json }) {
      const response = resolve(operation.responses[status]);
      if (!response) return [`no answer ${status} is described`];
      const faults = Object.entries(response.headers ?? {}).flatMap(([name, header]) => {
        const { required, schema } = resolve(header),
          value = headers.get(name);
        if (value === null) return required ? [`${name} is missing`] : [];
        return faultsOf(schema, value).map(fault => `${name}${fault}`);
      });
      const described = Object.entries(response.content ?? {}).find(([described]) => (type ?? '').split(';')[0] === described);
      if (!described) return response.content ? [...faults, `${type} is not described`] : faults;
      return described[1].schema ? [...faults, ...faultsOf(described[1].schema, json())] : faults;
    },
    wrongExamples() {
      const wrong = (what, schema, value) => faultsOf(schema, value).map(fault => `${name}, ${what}: ${fault}`);
      const ofParameters = parameters.flatMap(({ name, schema, example }) => (example === undefined ? [] : wrong(name, schema, example)));
      const ofBodies = content?.schema ? bodies.flatMap(([label, { value }]) => wrong(label, content.schema, value)) : [];
      const answers = Object.entries(operation.responses).flatMap(([status, response]) =>
        Object.values(resolve(response).content ?? {}).flatMap(({ schema, example }) =>
          example === undefined ? [] : wrong(status, schema, example),
        ),
      );
      return [...ofParameters, ...ofBodies, ...answers];
    },
  };
}

/** The value that a reference within the document points to. */
function at(document, reference) {
  return reference
    .slice(2)
    .split('/')
    .reduce((value, step) => value[step.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

/** A copy of a schema whose references into the document point to the schemas that were added to the validator. */
function rebased(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"description#/$defs/'));
}

/** A copy of a schema in which objects with `properties` allow no other members. */
function closed(value) {
  if (Array.isArray(value)) return value.map(closed);
  if (value === null || typeof value !== 'object') return value;
  const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  const isSchema = typeof copy.properties === 'object' && copy.type === 'object';
  return isSchema && copy.additionalProperties === undefined ? { ...copy, additionalProperties: false } : copy;
}
