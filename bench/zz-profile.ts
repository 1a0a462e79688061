import * as ort from 'onnxruntime-node';
const orig = ort.InferenceSession.create.bind(ort.InferenceSession);
const sessions: any[] = [];
(ort.InferenceSession as any).create = async (m: any, o: any) => { const s = await orig(m, { ...o, enableProfiling: true, profileFilePrefix: '/tmp/ortprof' }); sessions.push(s); return s; };
process.argv.push('--steps', '3');
await import('./train-step.js');
