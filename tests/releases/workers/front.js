// The header `test-isolate` names the isolate that answers: `hub`, which is asked by default, or `beside`. SQL goes past them to the hub.
export default {
  fetch(request, env) {
    if (new URL(request.url).pathname === '/test/sql') return env.HUB.get(env.HUB.idFromName('main')).fetch(request);
    return env[request.headers.get('test-isolate') ?? 'hub'].fetch(request);
  },
};
