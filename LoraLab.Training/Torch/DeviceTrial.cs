using LoraLab.Training.Files.Errors;
using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>
/// Computes something on a GPU before a run relies on it: a card for which libtorch has no kernels, a driver that is too old and a card
/// that another program uses exclusively are found only then.
/// </summary>
internal static class DeviceTrial
{
    /// <summary>Requires that the device computes.</summary>
    /// <exception cref="RunFailure">It does not, with the reason and the remedy.</exception>
    public static void Require(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA)
        {
            Require(device, Sum, Gpus.OfThisProcess);
        }
    }

    /// <summary>Requires that the sum of four ones is right.</summary>
    internal static void Require(Device device, Func<Device, double> sum, Gpus gpus)
    {
        double result;
        try
        {
            result = sum(device);
        }
        catch (Exception problem)
            when (!OutOfMemory.Is(problem)
                && CudaError.From(problem, gpus.Nvml?.DriverVersion, gpus.Describe(device.index)) is RunFailure failure)
        {
            throw failure;
        }

        if (result != 4)
        {
            throw RunFailure.BadData(
                $"{DeviceChoice.NameOf(device)} computes wrong sums: check its driver and its memory, or use device cpu.", "device");
        }
    }

    private static double Sum(Device device)
    {
        using IDisposable scope = NewDisposeScope();
        return TensorReader.Doubles(ones([2, 2], float32, device).sum()).Single();
    }
}
