namespace LoraLab.Training.Files.Safetensors;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Dtype">Element type as the file writes it: F32, F16, BF16, I64 and so on.</param>
/// <param name="Shape">Sizes of its axes, outermost first; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, IReadOnlyList<long> Shape, long Offset, long Length);
