namespace LoraLab.Training.Models.Blocks;

/// <summary>The activation function of the MLP's gate. The value is an argument of the kernels.</summary>
public enum GateActivation
{
    /// <summary>x · sigmoid(x), also called swish.</summary>
    Silu,

    /// <summary>GELU in its approximation by tanh (Hendrycks and Gimpel 2016).</summary>
    GeluTanh,
}
