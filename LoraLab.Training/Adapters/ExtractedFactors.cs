using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>Factors extracted from the base weight by an initialization (PiSSA).</summary>
/// <param name="A_RI">A₀, [r, in].</param>
/// <param name="B_OR">B₀, [out, r].</param>
/// <param name="InBranch">
/// False: the layer holds W − s·B₀A₀. True: the layer holds W and the branch subtracts s·B₀A₀, which rounds nothing.
/// </param>
public sealed record ExtractedFactors(Tensor A_RI, Tensor B_OR, bool InBranch);
