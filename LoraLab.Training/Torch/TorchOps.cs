using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>Operators that TorchSharp does not bind, called through TorchScript.</summary>
public static class TorchOps
{
    /// <summary>x / sqrt(mean(x²) + ε) · w over the last axis.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon) => TorchScript.Tensor("rms_norm", x, weight, epsilon);

    /// <summary>GELU in its approximation by tanh.</summary>
    public static Tensor GeluTanh(Tensor x) => TorchScript.Tensor("gelu_tanh", x);
}
