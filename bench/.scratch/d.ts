import { bench, GraphWriter, float, MICROSOFT } from './h.js';
const id=process.argv[2];
const n = (g:any,op:string,...i:string[])=>g.node(op,i);
const c=(g:any,x:number)=>g.scalar('f32',x);
await bench('matmul 1024', g => g.node('MatMul', ['a', 'b'], {}, { outputs: ['c'] }), { a: [1024, 1024], b: [1024, 1024] }, { c: [1024, 1024] }, {}, 15);
if (id==='attn') { for (let rep=0;rep<2;rep++) {
const Q=[2,6,1568,64], P=[2,6,1568,1568], A=[2,6,1568,65];
const F=(g:any,a:string,b:string,o:any,outs?:string[])=>g.node('FusedMatMul',[a,b],o,outs?{outputs:outs,domain:MICROSOFT}:{domain:MICROSOFT});
const T={transB:1}, al=float(0.125);
await bench('scores', g=>F(g,'q','k',{transB:1,alpha:al},['y']),{q:Q,k:Q},{y:P});
await bench('scores 65', g=>F(g,'q','k',{transB:1,alpha:al},['y']),{q:A,k:A},{y:P});
await bench('softmax', g=>g.node('Softmax',['x'],{axis:-1},{outputs:['y']}),{x:P},{y:P});
await bench('softmax in place after mul', g=>g.node('Softmax',[g.node('Mul',['x',c(g,2)])],{axis:-1},{outputs:['y']}),{x:P},{y:P});
await bench('mul P', g=>g.node('Mul',['x',c(g,2)],{},{outputs:['y']}),{x:P},{y:P});
await bench('exp P', g=>g.node('Exp',['x'],{},{outputs:['y']}),{x:P},{y:P});
await bench('sub row', g=>g.node('Sub',['x','r'],{},{outputs:['y']}),{x:P,r:[2,6,1568,1]},{y:P});
await bench('mul PP', g=>g.node('Mul',['x','x2'],{},{outputs:['y']}),{x:P,x2:P},{y:P});
await bench('P v', g=>g.node('MatMul',['p','v'],{},{outputs:['y']}),{p:P,v:Q},{y:Q});
await bench('P^T v', g=>F(g,'p','v',{transA:1},['y']),{p:P,v:Q},{y:Q});
await bench('fwd', g=>g.node('MatMul',[g.node('Softmax',[F(g,'q','k',{transB:1,alpha:al})],{axis:-1}),'v'],{},{outputs:['y']}),{q:Q,k:Q,v:Q},{y:Q});
await bench('fwd+bwd sub', g=>{const p=g.node('Softmax',[F(g,'q','k',{transB:1,alpha:al})],{axis:-1}); const o=g.node('MatMul',[p,'v'],{},{outputs:['y']}); 
 const inner=g.node('ReduceSum',[n(g,'Mul','do',o),g.integers([-1])],{keepdims:1}); const ds=n(g,'Mul',p,n(g,'Sub',F(g,'do','v',{transB:1}),inner)); 
 F(g,p,'do',{transA:1},['dv']); F(g,ds,'k',{alpha:al},['dq']); F(g,ds,'q',{transA:1,alpha:al},['dk']);},{q:Q,k:Q,v:Q,do:Q},{y:Q,dq:Q,dk:Q,dv:Q});
await bench('fwd+bwd col', g=>{const p=g.node('Softmax',[F(g,'q','k',{transB:1,alpha:al})],{axis:-1}); const o=g.node('MatMul',[p,'v'],{},{outputs:['y']}); 
 const inner=n(g,'Neg',g.node('ReduceSum',[n(g,'Mul','do',o),g.integers([-1])],{keepdims:1})); 
 const d1=g.node('Concat',['do',inner],{axis:-1}); const ones=g.node('Expand',[c(g,1),g.integers([2,6,1568,1])]); const v1=g.node('Concat',['v',ones],{axis:-1});
 const ds=n(g,'Mul',p,F(g,d1,v1,{transB:1})); 
 F(g,p,'do',{transA:1},['dv']); F(g,ds,'k',{alpha:al},['dq']); F(g,ds,'q',{transA:1,alpha:al},['dk']);},{q:Q,k:Q,v:Q,do:Q},{y:Q,dq:Q,dk:Q,dv:Q});
// per head by Scan: P stays in L2/L3
const sh=[12,1568,64];
await bench('fwd+bwd col scan per head', g=>{ const b=new GraphWriter('body'); for(const k of ['bq','bk','bv','bdo']) b.input(k,{dtype:'f32',shape:[1568,64]});
 const p=b.node('Softmax',[F(b,'bq','bk',{transB:1,alpha:al})],{axis:-1}); const o=b.node('MatMul',[p,'bv'],{},{outputs:['bo']});
 const inner=n(b,'Neg',b.node('ReduceSum',[n(b,'Mul','bdo',o),b.integers([-1])],{keepdims:1})); 
 const d1=b.node('Concat',['bdo',inner],{axis:-1}); const ones=b.node('Expand',[c(b,1),b.integers([1568,1])]); const v1=b.node('Concat',['bv',ones],{axis:-1});
 const ds=n(b,'Mul',p,F(b,d1,v1,{transB:1})); 
 F(b,p,'bdo',{transA:1},['bdv']); F(b,ds,'bk',{alpha:al},['bdq']); F(b,ds,'bq',{transA:1,alpha:al},['bdk']);
 for(const k of ['bo','bdq','bdk','bdv']) b.output(k,{dtype:'f32',shape:[1568,64]});
 g.node('Scan',['q','k','v','do'],{body:b,num_scan_inputs:4},{outputs:['y','dq','dk','dv']});},{q:sh,k:sh,v:sh,do:sh},{y:sh,dq:sh,dk:sh,dv:sh});
// flash-like: MultiHeadAttention op forward
await bench('MHA op fwd', g=>g.node('MultiHeadAttention',['q','k','v'],{num_heads:6,scale:float(0.125)},{outputs:['y'],domain:MICROSOFT}),{q:[2,1568,384],k:[2,1568,384],v:[2,1568,384]},{y:[2,1568,384]});
}}
if (id==='misc') {
const X=[3136,384], X4=[2,1568,6,64];
await bench('transpose split', g=>g.node('Transpose',['x'],{perm:[0,2,1,3]},{outputs:['y']}),{x:X4},{y:[2,6,1568,64]});
await bench('transpose merge', g=>g.node('Transpose',['x'],{perm:[0,2,1,3]},{outputs:['y']}),{x:[2,6,1568,64]},{y:X4});
await bench('mul same size', g=>g.node('Mul',['x',c(g,2)],{},{outputs:['y']}),{x:X},{y:X});
await bench('ReduceSum axis0 3136x384', g=>g.node('ReduceSum',['x',g.integers([0])],{keepdims:0},{outputs:['y']}),{x:X},{y:[384]});
await bench('ReduceSum axis0 3136x1536', g=>g.node('ReduceSum',['x',g.integers([0])],{keepdims:0},{outputs:['y']}),{x:[3136,1536]},{y:[1536]});
await bench('ReduceSum axes 0,1 2x1568x1536', g=>g.node('ReduceSum',['x',g.integers([0,1])],{keepdims:0},{outputs:['y']}),{x:[2,1568,1536]},{y:[1536]});
await bench('ones matmul 3136x1536', g=>g.node('MatMul',[g.node('Expand',[c(g,1),g.integers([1,3136])]),'x'],{},{outputs:['y']}),{x:[3136,1536]},{y:[1,1536]});
await bench('ones gemm T 3136x1536', g=>g.node('Gemm',['x',g.node('Expand',[c(g,1),g.integers([3136,1])])],{transA:1},{outputs:['y']}),{x:[3136,1536]},{y:[1536,1]});
await bench('ReduceSum axis1 3136x384', g=>g.node('ReduceSum',['x',g.integers([1])],{keepdims:1},{outputs:['y']}),{x:X},{y:[3136,1]});
await bench('ones matmul rows 3136x384', g=>g.node('MatMul',['x',g.node('Expand',[c(g,1),g.integers([384,1])])],{},{outputs:['y']}),{x:X},{y:[3136,1]});
await bench('ReduceMean axis1', g=>g.node('ReduceMean',['x',g.integers([1])],{keepdims:1},{outputs:['y']}),{x:X},{y:[3136,1]});
await bench('LayerNorm', g=>g.node('LayerNormalization',['x','g','b'],{epsilon:float(1e-6)},{outputs:['y','m','r']}),{x:X,g:[384],b:[384]},{y:X,m:[3136,1],r:[3136,1]});
await bench('bias add', g=>g.node('Add',['x','b'],{},{outputs:['y']}),{x:X,b:[384]},{y:X});
await bench('sub col', g=>g.node('Sub',['x','b'],{},{outputs:['y']}),{x:X,b:[3136,1]},{y:X});
await bench('Add same', g=>g.node('Add',['x','x2'],{},{outputs:['y']}),{x:X,x2:X},{y:X});
const lnb=(variant:string)=>(g:any)=>{ const rs=(x:string)=>variant==='ones'? g.node('MatMul',[x,g.node('Expand',[c(g,1/384),g.integers([384,1])])]) : n(g,'Mul',g.node('ReduceSum',[x,g.integers([1])],{keepdims:1}),c(g,1/384));
 const cs=(x:string,o:string)=>variant==='ones'?g.node('Reshape',[g.node('MatMul',[g.node('Expand',[c(g,1),g.integers([1,3136])]),x]),g.integers([384])],{},{outputs:[o]}):g.node('ReduceSum',[x,g.integers([0])],{keepdims:0},{outputs:[o]});
 const h=n(g,'Mul',n(g,'Sub','x','m'),'r'); const s=n(g,'Mul','dy','g'); const along=rs(n(g,'Mul',s,h)); const rem=n(g,'Sub',n(g,'Sub',s,rs(s)),n(g,'Mul',h,along)); g.node('Mul',[rem,'r'],{},{outputs:['dx']}); cs(n(g,'Mul','dy',h),'dg'); cs('dy','db'); };
const li={x:X,dy:X,g:[384],m:[3136,1],r:[3136,1]}, lo={dx:X,dg:[384],db:[384]};
await bench('LN bwd ReduceSum', lnb('rs'), li, lo);
await bench('LN bwd ones', lnb('ones'), li, lo);
}
if (id==='mm') {
const mm=(m:number,k:number,nn:number)=>[[`MatMul ${m}x${k}x${nn}`,(g:any)=>g.node('MatMul',['a','b'],{}, {outputs:['c']}),{a:[m,k],b:[k,nn]},{c:[m,nn]}],
 [`Gemm tB`,(g:any)=>g.node('Gemm',['a','b'],{transB:1}, {outputs:['c']}),{a:[m,k],b:[nn,k]},{c:[m,nn]}],
 [`Gemm tA`,(g:any)=>g.node('Gemm',['a','b'],{transA:1}, {outputs:['c']}),{a:[k,m],b:[k,nn]},{c:[m,nn]}],
 [`FMM tB`,(g:any)=>g.node('FusedMatMul',['a','b'],{transB:1}, {outputs:['c'],domain:MICROSOFT}),{a:[m,k],b:[nn,k]},{c:[m,nn]}],
 [`FMM tA`,(g:any)=>g.node('FusedMatMul',['a','b'],{transA:1}, {outputs:['c'],domain:MICROSOFT}),{a:[k,m],b:[k,nn]},{c:[m,nn]}],
 [`Gemm tB + bias`,(g:any)=>g.node('Gemm',['a','b','d'],{transB:1}, {outputs:['c']}),{a:[m,k],b:[nn,k],d:[nn]},{c:[m,nn]}],
 [`FMM tB, Add bias`,(g:any)=>g.node('Add',[g.node('FusedMatMul',['a','b'],{transB:1}, {domain:MICROSOFT}),'d'],{}, {outputs:['c']}),{a:[m,k],b:[nn,k],d:[nn]},{c:[m,nn]}]] as any[];
for (const [m,k,nn] of [[320,768,768],[320,768,3072],[320,3072,768],[768,320,768],[3072,320,768],[3136,384,384],[3136,384,1536],[3136,1536,384],[384,3136,384],[1536,3136,384],[2816,384,1536]] as any)
 for (const [l,b,i,o] of mm(m,k,nn)) { const t=await bench(l,b,i,o); console.log('      GFLOP/s',(2*m*k*nn/t/1e6).toFixed(0)); }
}
