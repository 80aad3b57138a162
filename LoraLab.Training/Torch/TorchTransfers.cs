using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>Copies to a GPU through libtorch.</summary>
internal sealed class TorchTransfers : IDeviceTransfers
{
    private TorchTransfers()
    {
    }

    /// <summary>The only instance.</summary>
    public static TorchTransfers Instance { get; } = new();

    /// <inheritdoc />
    public Tensor Pin(Tensor pageable) => pageable.pin_memory();

    /// <inheritdoc />
    public void Synchronize(Device device) => cuda.synchronize(device);
}
