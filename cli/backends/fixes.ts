/** What to install so that a device can run, as lines of a shell: docs/gpu.md explains them. */
export const FIXES: Readonly<Record<string, readonly string[]>> = {
  'onnx:cuda': [
    '# Linux x64 with an NVIDIA driver for CUDA 13 (580 or later); npm does not bring the provider',
    'pip install --no-deps --only-binary :all: --target cuda onnxruntime-gpu==1.30.0 nvidia-cublas==13.10.0.20 nvidia-cuda-nvrtc==13.5.37 nvidia-cuda-runtime==13.5.37 nvidia-cudnn-cu13==9.28.1.4 nvidia-cufft==12.5.0.14 nvidia-curand==10.4.5.25 nvidia-nvjitlink==13.5.37',
    'cp cuda/onnxruntime/capi/libonnxruntime_providers_{cuda,shared}.so node_modules/onnxruntime-node/bin/napi-v6/linux/x64',
    'export LD_LIBRARY_PATH=$PWD/cuda/nvidia/cu13/lib:$PWD/cuda/nvidia/cudnn/lib',
  ],
  'onnx:webgpu': ["# take --backend webgpu: the same GPU by kernels of Lacuna's own"],
  'webgpu:gpu': [
    'npm install webgpu',
    "# Linux: the Vulkan loader, and the GPU's driver (AMD and Intel: mesa-vulkan-drivers; NVIDIA: its own)",
    'apt-get install libvulkan1 mesa-vulkan-drivers',
  ],
  'webgpu:swiftshader': ['npm install webgpu @sparticuz/chromium@143.0.4'],
  'tfjs:cpu': ['npm run tensorflow', 'export LACUNA_TFJS=$PWD/.tensorflow'],
  'tfjs:cuda': [
    '# Linux x64 with an NVIDIA driver for CUDA 12 (525 or later); 4 GB with the libraries of CUDA',
    'npm run tensorflow -- --cuda --folder .tensorflow-cuda',
    'export LACUNA_TFJS=$PWD/.tensorflow-cuda',
  ],
  'xla:cpu': ['npm run xla', 'export LACUNA_XLA=$PWD/.xla'],
  'xla:cuda': [
    '# Linux x64 with an NVIDIA driver for CUDA 13 (580 or later), and Python 3.11 to 3.13',
    'npm run xla -- --cuda --folder .xla-cuda',
    'export LACUNA_XLA=$PWD/.xla-cuda',
  ],
  'xla:tpu': [
    '# on a TPU machine',
    'npm run xla -- --tpu --folder .xla-tpu',
    'export LACUNA_XLA=$PWD/.xla-tpu',
  ],
  'tfjs:wasm': ['npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0'],
  'tfjs:js': ['npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0'],
};
