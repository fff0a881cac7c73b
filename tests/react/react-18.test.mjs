// The hooks with React 18.
import { testReact } from './with-version.mjs';

testReact('18.3.1');
