namespace LoraLab.Training.Files.Safetensors;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Name of the tensor.</param>
/// <param name="Dtype">Element type in the notation of the format: F32, F16, BF16, I64 and so on.</param>
/// <param name="Shape">Sizes of its axes, outermost first; empty for a scalar.</param>
/// <param name="Offset">Offset of the first byte from the start of the file.</param>
/// <param name="Length">Size in bytes.</param>
public sealed record SafetensorsEntry(string Name, string Dtype, IReadOnlyList<long> Shape, long Offset, long Length);
