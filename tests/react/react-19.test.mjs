// The hooks with React 19.
import { testReact } from './with-version.mjs';

testReact('19.3.1');
