using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Torch;

/// <summary>The choice of the kernel set.</summary>
public sealed class KernelsTests
{
    [Fact]
    public void For_WithoutAChoice_IsThatOfTheDevice()
    {
        Assert.Equal(KernelSet.Cpu, Kernels.Resolve(null, gpu: false));
        Assert.Equal(KernelSet.Gpu, Kernels.Resolve("", gpu: true));
        Assert.Equal(KernelSet.Gpu, Kernels.Resolve("gpu", gpu: false));
        Assert.Equal(KernelSet.Cpu, Kernels.Resolve("cpu", gpu: false));
    }

    [Theory]
    [InlineData("cpu", true, "LORALAB_KERNELS=cpu")]
    [InlineData("cuda", false, "'cuda'")]
    public void For_AValueThatDoesNotFit_IsASentence(string value, bool gpu, string named)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => Kernels.Resolve(value, gpu));

        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Choose_UntilDisposed_Decides()
    {
        KernelSet before = Kernels.For(CPU);
        using (Kernels.Choose(KernelSet.Gpu))
        {
            Assert.Equal(KernelSet.Gpu, Kernels.For(CPU));
        }

        Assert.Equal(before, Kernels.For(CPU));
    }
}
