using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Weights;

/// <summary>Staged reads to a second GPU whose copies happen as late as a GPU may do them: when it is waited for.</summary>
public sealed class StagedReadsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ForEach_CopiesAreDoneOnlyWhenTheirDeviceIsWaitedFor_ReadsNoBufferBeforeItsCopy()
    {
        using Tensor values = randn(1000);
        string path = Path.Combine(_folder.Path, "w.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, Tensor> { ["w"] = values }, new Dictionary<string, string>());
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Device second = new(TorchSharp.DeviceType.CUDA, 1);
        LateDevice late = new(second);
        float[] copied = new float[1000];

        using (StagedReads reads = new(second, bytes: 64 * sizeof(float), late))
        {
            reads.ForEach(file, file.FloatEntry("w"), float32, (chunk, first) =>
            {
                Tensor buffer = chunk.alias().DetachFromDisposeScope();
                late.Pending.Add(() =>
                {
                    buffer.data<float>().ToArray().CopyTo(copied, first);
                    buffer.Dispose();
                });
            });
        }

        Assert.Equal(values.data<float>().ToArray(), copied);
        Assert.Equal(2, late.Pinned);
        Assert.Empty(late.Pending);
    }

    private sealed class LateDevice(Device device) : IDeviceTransfers
    {
        public List<Action> Pending { get; } = [];

        public int Pinned { get; private set; }

        public Tensor Pin(Tensor pageable)
        {
            Pinned++;
            return pageable.clone();
        }

        public void Synchronize(Device waitedFor)
        {
            Assert.Equal((device.type, device.index), (waitedFor.type, waitedFor.index));
            Pending.ForEach(copy => copy());
            Pending.Clear();
        }
    }
}
