namespace LoraLab.Training.Torch;

/// <summary>Which branches the packed kernels take. Those for a GPU consist of operators that a CPU has, too.</summary>
internal enum KernelSet
{
    /// <summary>Attention on packed rows or PyTorch's fused kernel for the CPU, length buckets, saved activations in an arena.</summary>
    Cpu,

    /// <summary>Few launches: joined products, attention as products over one padded bucket, activations where they are.</summary>
    Gpu,
}
