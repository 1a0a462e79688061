/**
 * A frozen pair of towers that put images and texts in one space: CLIP, SigLIP, or a model that
 * Lacuna trained. Text-guided masks and the frozen side of the contrastive loss come from it.
 */
export interface Aligner {
  /** For people: the folder's or the run's name. */
  readonly name: string;
  /**
   * SHA-256, hex, over everything that its embeddings depend on. A store of similarity maps keeps it,
   * so that maps of another teacher are recognised.
   */
  readonly digest: string;
  /** Width of the shared space. */
  readonly width: number;
  /** Side of the square images that it takes, in pixels. */
  readonly size: number;
  /** Side of its patches, in pixels: a dense map has (size / patch)^2 places an image. */
  readonly patch: number;
  /**
   * Images u8 RGB [count, size, size, 3], already of the right size, to embeddings
   * [count, width] of length 1.
   */
  embedImages(images: Uint8Array, count: number): Promise<Float32Array>;
  /**
   * The patch tokens of one forward pass, each put through the projection as the class token or the
   * mean would be: [count, (size / patch)^2, width], rows of length 1, row by row from the upper left.
   */
  embedPatches(images: Uint8Array, count: number): Promise<Float32Array>;
  /**
   * Captions to embeddings [captions, width] of length 1.
   * @throws LacunaError for a caption longer than the text tower takes.
   */
  embedTexts(captions: readonly string[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}
