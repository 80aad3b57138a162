using static TorchSharp.torch;

namespace LoraLab.Training.Torch;

/// <summary>What asynchronous copies from the host to a GPU need.</summary>
internal interface IDeviceTransfers
{
    /// <summary>A copy of a CPU tensor in pinned memory, from which a GPU copies asynchronously.</summary>
    Tensor Pin(Tensor pageable);

    /// <summary>Waits until all work issued to a GPU is done.</summary>
    void Synchronize(Device device);
}
