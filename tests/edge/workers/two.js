// The header `test-isolate` names the isolate that answers: `one`, the default, or `two`.
export default {
  fetch(request, env) {
    return env[request.headers.get('test-isolate') ?? 'one'].fetch(request);
  },
};
