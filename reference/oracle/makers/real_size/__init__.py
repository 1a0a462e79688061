"""Steps of models of real size: VideoMAE-B, MAC-B and TGM-B, kept as samples of their gradients."""
