namespace LoraLab.Tests.Support;

/// <summary>A tensor of a hand-made safetensors file.</summary>
/// <param name="Dtype">Dtype in the notation of the format.</param>
/// <param name="Shape">Shape.</param>
/// <param name="Data">Bytes.</param>
internal sealed record PlainTensor(string Dtype, int[] Shape, byte[] Data)
{
    /// <summary>An F32 tensor of small random values.</summary>
    public static PlainTensor Random(int seed, params int[] shape)
    {
        Random random = new(seed);
        return new("F32", shape, [.. Enumerable.Range(0, shape.Aggregate(1, (product, length) => product * length))
            .SelectMany(_ => BitConverter.GetBytes((float)(random.NextDouble() - 0.5) / 10))]);
    }
}
