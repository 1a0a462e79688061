import { type Area, clause } from './clause.js';

export const RANDOM: Area = {
  title: 'Random numbers',
  introduction:
    'Every draw is a function of (seed, stream, replicate, epoch, sample); nothing depends on a worker, a batch or the point of resumption.',
  clauses: [
    clause(
      'random.philox',
      'Philox4x32-10: ten rounds on a counter of four 32-bit words under a key of two.',
      {
        formula: 'multipliers D2511F53, CD9E8D57; key steps 9E3779B9, BB67AE85',
        source: 'Salmon et al. 2011, known-answer vectors of Random123',
      },
    ),
  ],
};

export const MASKING: Area = {
  title: 'Masks',
  introduction:
    'A mask splits the tokens of a clip, slots of frames times rows times columns, into visible and masked ones. Masks are exact integer functions.',
  clauses: [
    clause(
      'mask.count',
      'The number of masked tokens, by the named rounding of ratio times count.',
      {
        formula: 'floor: trunc(ratio n); keep: n - trunc((1 - ratio) n)',
        source: 'VideoMAE masking_generator.py; MAE models_mae.py',
      },
    ),
    clause('mask.order', 'The visible tokens, and the masked ones, are listed in ascending order.'),
    clause('mask.tube', 'One set of positions is masked in every slot.', {
      needs: ['random.philox', 'mask.count', 'mask.order'],
      source: 'VideoMAE, TubeMaskingGenerator',
    }),
    clause(
      'mask.random_per_slot',
      'Another set of positions is masked in each slot, drawn slot after slot from the words of one address.',
      {
        needs: ['mask.tube'],
        source: 'MAC figure 2',
      },
    ),
    clause(
      'mask.topk',
      'The tokens of the highest similarity are masked; of equals the one of the lower index first.',
      { needs: ['mask.count', 'mask.order'], source: 'TGM section 3.2' },
    ),
    clause(
      'mask.flow_warped',
      'The visible tokens follow the motion of the clip: Gaussians on the middle frame, carried from frame to frame by the flow, summed over each cube; the lowest sums of a slot are masked. In integers throughout.',
      {
        needs: ['mask.count', 'mask.order', 'random.philox'],
        source:
          'MGMAE, engine_for_mgmae.py; the departures from it are named in spec/masking/flow-warped.ts',
      },
    ),
    clause(
      'map.crop',
      'The map of a cropped and mirrored frame: of each of its places the mean of the cells of the whole frame under it, weighted by the area that they share.',
      {
        formula: 'floor(sum over cells of area value / area of the place + 1/2)',
      },
    ),
    clause(
      'mask.text',
      'Tokens of a caption are replaced by the mask, or dropped, which moves the others forward. Padding and special tokens never are, and one other token always stays: a caption of one token is as it was.',
      {
        formula: 'masked: min(count, n - 1) of n tokens',
        needs: ['random.philox', 'mask.count'],
        source: 'MAC figure 2 (replaced) and abstract (dropped); BERT for the rounding',
      },
    ),
    clause(
      'mask.text.words',
      'The same of whole words: all tokens of a word are masked, or none; a caption of one word is as it was.',
      { needs: ['mask.text'], source: "BERT's whole word masking" },
    ),
  ],
};

export const MODEL: Area = {
  title: 'Model',
  introduction:
    'Cubes of tubelet frames and patch by patch pixels are tokens, slot by slot, row by row. The encoder sees the visible ones only.',
  clauses: [
    clause('patch.order', 'The values of a cube are ordered frame, row, column, channel.', {
      source: 'VideoMAE engine_for_pretraining.py',
    }),
    clause(
      'state.start',
      "The embeddings of patches, and of encoded tokens in the decoder, start as PyTorch starts Linear and Conv, weight and bias (fan-in); another start, for layers that VideoMAE's code initialises, is Xavier's. A start is a function of the seed and of the tensor's name.",
      {
        formula:
          'bound = 1 / sqrt(inputs), or sqrt(6 / (inputs + outputs)); x = float32(-bound + 2 bound u)',
        needs: ['random.philox'],
        source: 'torch.nn.Linear.reset_parameters; VideoMAE modeling_pretrain.py, _init_weights',
      },
    ),
    clause(
      'state.resize',
      'Where a model begins with the weights of one of another size, a table of places has its grid changed bicubically, one of slots linearly. A port that takes weights otherwise has other features at first, and is no less a port.',
      {
        level: 'SHOULD',
        formula:
          'y = (i + 1/2) R / R2 - 1/2; row i = sum over k of w(y - floor(y) - k) row clip(floor(y) + k), with a = -0.75; slots: (1 - t) below + t above',
        source: 'torch.nn.functional.interpolate, bicubic and linear; Hugging Face modeling_vit.py',
      },
    ),
    clause(
      'model.forward',
      'Embedding of the visible cubes and their positions, blocks of attention and MLP with norms before, a norm at the end.',
      {
        formula: 'x += attn(norm(x)); x += mlp(norm(x))',
        needs: [
          'patch.order',
          'op.layer_norm',
          'op.attention',
          'op.gelu',
          'op.matmul',
          'op.gather',
        ],
        source: 'VideoMAE modeling_pretrain.py',
      },
    ),
    clause(
      'model.space_time',
      'Divided attention: first each token meets those of its place in all slots, then those of its slot, in both with the class token, which meets all; what space gives is added to the tokens as they were before time. A position is that of the place plus that of the slot; the class token has none.',
      {
        formula: 'a = x + time(norm3(x)); x += space(norm1(a)); x += mlp(norm2(x))',
        needs: ['model.forward', 'op.concat', 'op.broadcast'],
        source: 'Frozen-in-Time video_transformer.py, SpaceTimeBlock; MAC figure 2',
      },
    ),
    clause(
      'model.text',
      'The first token of a caption behind blocks with norms after attention and MLP: embeddings of tokens, places and the first segment, a norm, blocks. Nobody sees padding.',
      {
        formula: 'x = norm1(x + attn(x)); x = norm2(x + mlp(x))',
        needs: ['model.forward', 'op.gather', 'op.select', 'op.compare'],
        source: 'BERT and DistilBERT, Hugging Face modeling_bert.py and modeling_distilbert.py',
      },
    ),
    clause(
      'model.text_causal',
      'The last token of a caption that is no padding, behind blocks with norms before attention and MLP, in which a token meets itself and those before it; a norm at the end. The MLP has the quick GELU.',
      {
        formula: 'x += attn(norm1(x)); x += mlp(norm2(x)); quick GELU: x / (1 + e^(-1.702 x))',
        needs: ['model.text', 'op.tanh'],
        source: 'CLIP, model.py; Hugging Face modeling_clip.py',
      },
    ),
    clause(
      'model.projection',
      'The head between an encoder and the contrastive loss, and embeddings of length 1 behind it. Batch norm has the statistics of the whole batch, with the biased variance; the running ones move a tenth of the way to them, with the unbiased.',
      {
        formula:
          'fc2(x); fc2(relu(x)); fc2(relu(fc1(x))); fc2(relu(batch_norm(fc1(x)))); then x / sqrt(max(sum x^2, 1e-24))',
        needs: ['op.matmul', 'op.rsqrt', 'op.select', 'op.compare', 'op.reduce_sum'],
        source:
          'TGM section 3.4, SimCLR (mlp-bn); Frozen-in-Time (linear, relu-linear); torch.nn.BatchNorm1d',
      },
    ),
    clause(
      'model.batch_norm.plain',
      'Batch norm without weight and bias: the batch has its own mean and biased variance; the running ones, which later clips are normalised by, move a tenth of the way to them, with the unbiased variance.',
      {
        formula: "(x - mean) / sqrt(variance + 1e-6); running' = 0.9 running + 0.1 batch",
        needs: ['op.reduce_sum', 'op.rsqrt', 'op.mul', 'op.sub'],
        source: 'MAE main_linprobe.py; torch.nn.BatchNorm1d',
      },
    ),
    clause(
      'model.attentive_pooling',
      'Tokens to one vector: blocks of self-attention, all but the last, then one learned query that attends to the normalised tokens without a projection behind; it is added to what it read, and an MLP follows.',
      {
        formula: 'a = q + attention(q Wq, norm1(x) Wk, norm1(x) Wv); pooled = a + mlp(norm2(a))',
        needs: ['op.attention', 'op.layer_norm', 'op.gelu', 'op.matmul', 'op.broadcast'],
        source: 'V-JEPA 2 src/models/attentive_pooler.py, AttentivePooler',
      },
    ),
  ],
};

export const OBJECTIVES: Area = {
  title: 'Objectives',
  introduction:
    'What is predicted, and how far off it is. In a function that is implemented by its formula, sums and products may run in any order that is the same if computed exactly; constants of sizes and attributes are those of float64, rounded at most once.',
  clauses: [
    clause(
      'target.cube',
      'Pixels in [0, 1], normalised for each cube and channel with the unbiased variance and eps outside the root.',
      {
        formula: 'y = (x - mean) / (sqrt(var) + 1e-6)',
        needs: ['op.reduce_sum', 'op.sqrt', 'op.div', 'op.sub'],
        source: 'VideoMAE engine_for_pretraining.py',
      },
    ),
    clause('target.flat', 'The targets of a cube whose pixels are all equal are exactly 0.', {
      needs: ['target.cube'],
    }),
    clause(
      'target.patch',
      'Normalised pixels of a whole cube, with the unbiased variance and eps under the root.',
      {
        formula: 'y = (x - mean) / sqrt(var + 1e-6)',
        needs: ['op.reduce_sum', 'op.rsqrt', 'op.sub'],
        source: 'MAE models_mae.py, forward_loss',
      },
    ),
    clause('loss.mae', 'The mean squared error over masked tokens, values and samples.', {
      formula: 'l = mean (prediction - target)^2',
      needs: ['op.sub', 'op.mul', 'op.reduce_sum'],
      source: 'TGM equation (3)',
    }),
    clause('loss.mae.gradient', 'With respect to the prediction.', {
      formula: 'dl/dp = 2 (p - t) / count',
      needs: ['loss.mae'],
    }),
    clause(
      'loss.infonce',
      'Cross-entropy of the scaled similarities of normalised embeddings, rows and columns; the mean or the sum of the two directions. Where equal captions are positives, the target of a pair is spread evenly over the pairs with the same caption.',
      {
        formula:
          's = scale t v^T; l = (ce(s, q) + ce(s^T, q)) / 2; q[i, j] = [c_i = c_j] / #{k: c_k = c_i}, or i = j',
        needs: ['op.cross_entropy', 'op.matmul', 'op.rsqrt'],
        source:
          'MAC; TGM equation (4); SupCon (2020) equation (2); UniCL (2022) equations (2) to (4)',
      },
    ),
    clause('loss.infonce.gradient', 'With respect to both embeddings and the scale.', {
      needs: ['loss.infonce', 'op.cross_entropy.gradient'],
    }),
    clause(
      'gradient.composition',
      'The gradient of a composition is the product of the gradients of its parts.',
      {
        needs: ['op.layer_norm.gradient', 'op.gelu.gradient', 'op.matmul', 'loss.mae.gradient'],
      },
    ),
  ],
};

export const OPTIM: Area = {
  title: 'Optimiser',
  introduction: 'AdamW in the order of PyTorch: decay first, then the step.',
  clauses: [
    clause('optim.adamw', 'Moments, bias corrections and step; eps outside the root.', {
      formula:
        "m' = b1 m + (1 - b1) g; v' = b2 v + (1 - b2) g^2; p' = p (1 - r wd) - r (m' / c1) / (sqrt(v' / c2) + eps)",
      needs: ['op.add', 'op.mul', 'op.div', 'op.sqrt', 'op.sub'],
      source: 'Loshchilov and Hutter 2019, algorithm 2; torch.optim.AdamW',
    }),
    clause(
      'optim.adamw.decay',
      'Weight decay shrinks the parameter by the rate of its layer, and never enters the moments.',
      { needs: ['optim.adamw'] },
    ),
    clause(
      'optim.lars',
      'A matrix moves by the momentum of its gradient, which weight decay is part of, scaled to the length of the matrix: by the trust over both lengths, and by 1 where one of them is 0. A vector moves by the momentum of its gradient as it is, and does not decay.',
      {
        formula:
          "d = g + wd p; q = trust |p| / |d|; mu' = m mu + q d; p' = p - r mu'; vectors: mu' = m mu + g",
        needs: ['op.add', 'op.mul', 'op.div', 'op.sqrt', 'op.sub', 'op.select', 'op.reduce_sum'],
        source: 'You, Gitman and Ginsburg 2017; MAE util/lars.py',
      },
    ),
    clause(
      'optim.rate',
      'The learning rate of a step: a linear warm-up, then half a cosine, or a fall by a factor at shares of the run. In float64, rounded to float32.',
      {
        formula:
          'peak s / (W - 1), or peak s / W; min + (peak - min) (1 + cos(pi (s - W) / (T - W))) / 2; max(min, peak factor^c)',
        source: "VideoMAE utils.cosine_scheduler; MAE-ST util/lr_sched.py; MCQ's schedule",
      },
    ),
    clause('optim.correction', "The bias correction of AdamW's moments at update t.", {
      formula: '1 - beta^t',
      source: 'Kingma and Ba 2015, algorithm 1',
    }),
  ],
};

export const RELATIONS: Area = {
  title: 'Relations',
  introduction: 'What holds at any size, whatever the numbers are; no oracle is needed.',
  clauses: [
    clause(
      'relation.hidden-pixels',
      'Pixels of masked cubes cannot change the output of the encoder, not by a bit.',
    ),
    clause(
      'relation.visible-targets',
      'Pixels of visible cubes, seen as targets, cannot change the MAE loss, not by a bit.',
    ),
    clause(
      'relation.restore',
      'Tokens split into visible and masked ones and put back are as before, bit for bit.',
    ),
    clause(
      'relation.affine-targets',
      'Normalised targets do not change when the pixels of a cube are scaled and shifted.',
      { needs: ['target.cube'] },
    ),
    clause('relation.log-batch', 'InfoNCE of B equal pairs is log B.', { needs: ['loss.infonce'] }),
    clause(
      'relation.permutation',
      'InfoNCE does not change when the pairs are reordered, and its gradients are reordered alike.',
      { needs: ['loss.infonce.gradient'] },
    ),
    clause('relation.modality-swap', 'InfoNCE does not change when text and video are exchanged.', {
      needs: ['loss.infonce'],
    }),
    clause('relation.gradient-rows', 'Each row of the gradient of the logits sums to 0.', {
      needs: ['op.cross_entropy.gradient'],
    }),
    clause(
      'relation.scale-free',
      'InfoNCE does not change when an embedding is scaled before it is normalised.',
      { needs: ['loss.infonce'] },
    ),
    clause('relation.plans', 'Every plan of a step has the results of the plan of one call.', {
      needs: ['step.update'],
    }),
    clause(
      'relation.decay',
      'AdamW with gradient and moments of 0 multiplies a parameter by 1 - r wd, and leaves the moments at 0.',
      { needs: ['optim.adamw.decay'] },
    ),
    clause(
      'relation.key-order',
      'Attention does not change when keys and values are reordered alike.',
      {
        needs: ['op.attention'],
      },
    ),
  ],
};

export const TRAINING: Area = {
  title: 'Training',
  introduction:
    'A whole step is judged in two cuts. Where the exact gradient is 0 (biases of keys, a bias before batch norm) rounding decides its sign, and AdamW makes updates of full size of it: such parameters are judged by their gradients only.',
  clauses: [
    clause('step.gradients', 'The gradients of every parameter of a step, of each objective.', {
      needs: [
        'model.forward',
        'model.space_time',
        'model.text',
        'model.projection',
        'target.cube',
        'gradient.composition',
        'loss.infonce.gradient',
      ],
    }),
    clause(
      'step.update',
      "The update of a step, from the backend's own gradients, before or after they are rounded to be handed out: moments, decay groups, rates, statistics.",
      { needs: ['optim.adamw'] },
    ),
    clause(
      'step.loss-scaling',
      'The gradients of a scaled loss, divided by the scale, are those of the loss, and the update is made of them. After so many steps in a row, none of them skipped, the scale doubles, up to its ceiling.',
      {
        needs: ['step.gradients', 'step.update'],
        source: 'Micikevicius et al. 2018, section 3.2; torch.amp.GradScaler',
      },
    ),
    clause(
      'step.loss-scaling.skip',
      'Where an element of the gradients of a scaled loss is infinite or NaN, parameters and moments stay as they are, bit for bit; the scale halves, down to its floor, and the count of good steps begins anew. Statistics follow the forward pass.',
      {
        needs: ['op.is_finite', 'op.select', 'op.reduce_max', 'op.compare', 'op.mul', 'op.max'],
        source: 'Micikevicius et al. 2018, section 3.2; torch.amp.GradScaler',
      },
    ),
    clause(
      'trajectory.loss',
      'The losses after 1, 2, 4 and 8 steps lie where those of correct implementations do.',
      { needs: ['step.gradients', 'step.update'] },
    ),
    clause(
      'outcome.demo',
      'Trained on the demo data, the model retrieves held-out clips; trained on shuffled captions it does not.',
      { level: 'SHOULD', needs: ['trajectory.loss'] },
    ),
  ],
};

export const FINETUNING: Area = {
  title: 'Fine-tuning',
  introduction:
    "A classifier on a pretrained encoder. In programs every random number comes in as an input: uniform ones for what is left out, and for a batch the share that a clip keeps of itself, with a box of pixels that are its partner's.",
  clauses: [
    clause(
      'finetuning.mix',
      "Each clip is mixed with its partner, the clip at the opposite place of the batch, pixel by pixel with the weights of the clip's own: the share everywhere (mixup), or 0 in a box and 1 around it (cutmix).",
      {
        formula: 'x[b] = w x[b] + (1 - w) x[B - 1 - b]',
        needs: ['op.gather', 'op.mul', 'op.add'],
        source: 'Zhang et al. 2018 (mixup); Yun et al. 2019 (CutMix); timm mixup.py',
      },
    ),
    clause(
      'finetuning.targets',
      "Smoothed labels, mixed with the partner's by the share; of cutmix that share is what its box, clipped to the frame, leaves.",
      {
        formula: 's = (1 - eps) onehot + eps / C; t[b] = share s[b] + (1 - share) s[B - 1 - b]',
        needs: ['op.compare', 'op.gather', 'op.mul', 'op.add'],
        source: 'timm mixup.py, one_hot and mixup_target',
      },
    ),
    clause(
      'finetuning.loss',
      'The cross-entropy against targets that sum to 1, and its gradient.',
      {
        formula: 'l = mean over b of -sum_j t[b, j] log softmax(x[b, :])[j]',
        needs: ['finetuning.targets', 'op.cross_entropy', 'op.cross_entropy.gradient'],
        source: 'timm SoftTargetCrossEntropy',
      },
    ),
    clause(
      'finetuning.drop_path',
      'What a block adds is left out for some clips, and grows for the others; dropout does the same to single numbers. The rate of block i of L rises from 0 to that of the last one.',
      {
        formula: 'x [u >= r] / (1 - r); r_i = r i / (L - 1)',
        needs: ['op.compare', 'op.cast', 'op.mul'],
        source: 'Huang et al. 2016; timm drop_path; VideoMAE modeling_finetune.py',
      },
    ),
    clause(
      'finetuning.head',
      'The mean of all tokens, a norm in place of the one behind the blocks, a linear layer.',
      {
        formula: 'W norm(mean over tokens) + b',
        needs: ['op.layer_norm', 'op.matmul', 'op.reduce_sum'],
        source: 'VideoMAE modeling_finetune.py, fc_norm',
      },
    ),
    clause(
      'finetuning.layer_decay',
      'Layers near the input learn slower: of L blocks, the embeddings are layer 0, block i is layer i + 1, what follows is layer L + 1. Weight decay follows the rate.',
      {
        formula: 'r = d^(L + 1 - layer) lr',
        needs: ['op.adamw'],
        source: 'Clark et al. 2020 (ELECTRA); VideoMAE optim_factory.py',
      },
    ),
    clause('finetuning.average', 'The moving average of a parameter, after its update.', {
      formula: "e' = d e + (1 - d) p'",
      needs: ['op.mul', 'op.add'],
      source: 'timm ModelEma',
    }),
    clause(
      'finetuning.clip',
      'Gradients whose norm, over all of them, is too large are made shorter.',
      {
        formula: 'g min(1, most / (n + 1e-6)), n = sqrt(sum of all g^2)',
        needs: ['op.reduce_sum', 'op.sqrt', 'op.div', 'op.min'],
        source: 'torch.nn.utils.clip_grad_norm_',
      },
    ),
    clause(
      'finetuning.rand_augment',
      'The operations on a clip, the same on all of its frames: of each layer one of 15 is drawn at the address of the clip, with whether it is done, its magnitude and its direction.',
      {
        formula: 'm = min(10, max(0, magnitude + deviation n)) / 10',
        needs: ['random.philox'],
        source: "timm and SlowFast rand_augment.py, rand-m7-n4-mstd0.5-inc1 of VideoMAE's scripts",
      },
    ),
    clause(
      'finetuning.erasing',
      'A box of a clip, the same in all frames, that noise replaces: its area is uniform from 0.02 to 1/3 of the frame, the logarithm of its shape uniform from ln 0.3 to -ln 0.3.',
      {
        formula: 'height = round(sqrt(area shape)), width = round(sqrt(area / shape))',
        needs: ['random.philox'],
        source: 'VideoMAE random_erasing.py; Zhong et al. 2020',
      },
    ),
    clause(
      'finetuning.repeats',
      'Augmentation r of a clip has the frames of the first and draws all else anew, at an address that no stand-in of the clip has.',
      {
        formula: 'replicate of r > 0: min(replicate, 4095) + 4096 r',
        needs: ['finetuning.rand_augment'],
        source: 'Hoffer et al. 2020; VideoMAE kinetics.py, num_sample',
      },
    ),
    clause(
      'finetuning.views',
      'Several views of a video say together the mean of what each says.',
      {
        formula: 'p = mean over views of softmax(x)',
        needs: ['op.softmax', 'op.reduce_sum'],
        source: 'VideoMAE engine_for_finetuning.py, merge',
      },
    ),
  ],
};

export const EVALUATION: Area = {
  title: 'Scores',
  introduction:
    'Retrieval: codes disagree on a matrix with equal similarities, since each breaks ties in its own way; a score that depends on the order in which equals happen to lie says nothing about a model. Here every order of equals counts alike. (A wrong item comes before all r right ones beside it in 1 of r + 1 orders, and there are w of them; the first m of the tied items are a random set of m.) A NaN is in no order: it is refused.',
  clauses: [
    clause(
      'evaluation.rank',
      'The rank of a query is the place of its best right item, counted from 0, on average over all orders of the items that are equally similar; right items never count as before it.',
      {
        formula:
          'rank = h + w / (r + 1): h wrong items above the best right one, w wrong and r right ones (itself included) beside it',
        source: 'McSherry and Najork 2008, on ties',
      },
    ),
    clause(
      'evaluation.recall',
      'Recall at k of a query is the share of those orders in which a right item is among the first k; over queries, the mean.',
      {
        formula: '1 - C(w, m) / C(w + r, m), m = k - h; 0 where m <= 0',
        needs: ['evaluation.rank'],
        source: 'McSherry and Najork 2008, on ties',
      },
    ),
    clause(
      'evaluation.neighbours',
      'The features of known class that are nearest to a query by the cosine vote for their classes, each with the exponential of its cosine over 0.07; all votes of a query may be scaled alike.',
      {
        formula: 'votes[c] = sum over neighbours i of class c of exp((s[i] - max s) / 0.07)',
        needs: ['op.exp', 'op.reduce_sum', 'op.reduce_max', 'op.matmul', 'op.rsqrt'],
        source: 'DINO eval_knn.py, knn_classifier; Wu et al. 2018, section 3.4',
      },
    ),
  ],
};
