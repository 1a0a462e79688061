import type { MemberPlace } from '../video/video-path.js';

/** Members of tars whose bytes were found to be those of their digests: once is enough. */
export class VerifiedMembers {
  readonly #verified = new WeakSet<MemberPlace>();

  /** Whether its bytes are still to be held to its digest; what is a file of its own has none. */
  isOpen(member: MemberPlace | undefined): boolean {
    return member !== undefined && !this.#verified.has(member);
  }

  add(member: MemberPlace | undefined): void {
    if (member !== undefined) this.#verified.add(member);
  }
}
