using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Operators that TorchSharp does not bind, reached through TorchScript. The unit is compiled once for the process:
/// a compile error would end it, and disposing a unit frees nothing.
/// </summary>
public static class TorchOps
{
    private const string Source = """
        def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
            return torch.rms_norm(x, [weight.size(0)], weight.to(x.dtype), eps)

        """;

    private static readonly Lazy<jit.CompilationUnit> Unit = new(() => jit.compile(Source));

    /// <summary>x / sqrt(mean(x²) + ε) · w over the last axis.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon) =>
        (Tensor)Unit.Value.invoke("rms_norm", x, weight, epsilon)!;
}
