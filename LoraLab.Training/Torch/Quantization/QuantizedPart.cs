namespace LoraLab.Training.Torch.Quantization;

/// <summary>
/// The tensors of a matrix in four bits, by their places in the arguments of the kernels (<c>quantization.torchscript</c>).
/// </summary>
internal enum QuantizedPart
{
    /// <summary>Two codes a byte, uint8, in whole blocks.</summary>
    Codes,

    /// <summary>The largest magnitude of each block, fp32, or with nested ones its code, uint8, in whole groups.</summary>
    Maxima,

    /// <summary>The largest magnitude of each group of nested block maxima, fp32; else empty.</summary>
    GroupMaxima,

    /// <summary>What is added to nested block maxima, fp32 [1].</summary>
    Offset,

    /// <summary>The numbers of the codes of nested block maxima, fp32 [256].</summary>
    Map,

    /// <summary>For each byte its two numbers, as a complex number of fp32 parts, [256].</summary>
    Pairs,

    /// <summary>[out, in], int64 on the CPU.</summary>
    Shape,
}
