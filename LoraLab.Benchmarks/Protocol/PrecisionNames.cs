using static TorchSharp.torch;

namespace LoraLab.Benchmarks.Protocol;

/// <summary>Precisions of the weights.</summary>
internal static class PrecisionNames
{
    /// <summary>Name on the command line and in tables.</summary>
    public static string Of(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => "fp32",
        ScalarType.BFloat16 => "bf16",
        ScalarType.Float16 => "fp16",
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "No measurement uses it."),
    };
}
