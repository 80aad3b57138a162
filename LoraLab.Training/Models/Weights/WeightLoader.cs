using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Brings weights to a device in a precision. On the CPU, in the file's precision, a weight stays where it lies in the file; what
/// must be converted is, in one pass over the file; what goes to a GPU is streamed. Every value is seen once and is finite.
/// </summary>
public sealed class WeightLoader : IDisposable
{
    // Small enough to be in the cache still when it is converted, large enough for several threads.
    private const long ElementsAtOnce = 1 << 21;

    private readonly CheckpointWeights _weights;
    private readonly torch.Device _device;
    private readonly StagedReads? _staged;
    private long _mostFlushed;

    /// <summary>A loader; the weights stay the caller's.</summary>
    public WeightLoader(CheckpointWeights weights, torch.Device device)
        : this(weights, device, device.type == DeviceType.CPU ? null : new StagedReads(device, StagedReads.DefaultBytes))
    {
    }

    internal WeightLoader(CheckpointWeights weights, torch.Device device, StagedReads? staged)
    {
        (_weights, _device, _staged) = (weights, device, staged);
    }

    /// <summary>What was loaded until now.</summary>
    public LoadReport Report { get; private set; } = new();

    /// <summary>
    /// A tensor on the device, which stays valid when the files are closed; the caller's dispose scope owns it. Writing to it never
    /// changes the file.
    /// </summary>
    /// <exception cref="RunFailure">
    /// There is no such tensor, it is no floating-point one, a value is NaN or infinite, or becomes so in this precision.
    /// </exception>
    public torch.Tensor Load(string name, torch.ScalarType dtype)
    {
        SafetensorsFile file = _weights.FileOf(name);
        SafetensorsEntry entry = file.FloatEntry(name);
        torch.ScalarType stored = SafetensorsDtypes.Torch(entry.Dtype)!.Value;
        bool asStored = stored == dtype && _staged is null;
        bool inPlace = false;
        torch.Tensor weight = asStored ? file.InPlaceOrCopy(entry, stored, out inPlace) : torch.empty([.. entry.Shape], dtype: dtype, device: _device);
        try
        {
            long flushed = 0;
            if (asStored)
            {
                file.RequireFinite(entry, weight, 0);
            }
            else
            {
                flushed = Fill(weight, file, entry, stored);
            }

            Count(name, weight, inPlace, flushed);
            return weight;
        }
        catch
        {
            weight.Dispose();
            throw;
        }
    }

    /// <summary>Gives the buffers back; weights already loaded stay valid.</summary>
    public void Dispose() => _staged?.Dispose();

    private long Fill(torch.Tensor target, SafetensorsFile file, SafetensorsEntry entry, torch.ScalarType stored)
    {
        using IDisposable noGrad = torch.no_grad();
        using IDisposable scope = torch.NewDisposeScope();
        using PrecisionRangeCheck? range = PrecisionRangeCheck.Applies(stored, target.dtype) ? new(target.device) : null;
        HugePages.Ask(target);
        torch.Tensor flat = target.view(-1);
        if (_staged is not null)
        {
            _staged.ForEach(file, entry, stored, Take);
        }
        else
        {
            torch.Tensor source = file.InPlaceOrCopy(entry, stored, out _).view(-1);
            for (long first = 0; first < flat.shape[0]; first += ElementsAtOnce)
            {
                using torch.Tensor piece = source.narrow(0, first, Math.Min(ElementsAtOnce, flat.shape[0] - first));
                Take(piece, first);
            }
        }

        (long flushed, bool finite) = range?.Result() ?? (0, true);
        return finite ? flushed : throw RunFailure.BadData($"Tensor '{Excerpt.Of(entry.Name)}' in {Path.GetDirectoryName(file.Path)} has values beyond the range of {target.dtype.ToString().ToLowerInvariant()}; set precision to fp32.", "model");

        void Take(torch.Tensor piece, long first)
        {
            using IDisposable step = torch.NewDisposeScope();
            file.RequireFinite(entry, piece, first);
            // Moved in the file's precision: a copy that also converts would do so on the CPU, into memory that is not pinned.
            torch.Tensor moved = target.device.type == DeviceType.CPU ? piece : piece.to(target.device, non_blocking: true);
            torch.Tensor there = flat.narrow(0, first, piece.shape[0]);
            there.copy_(moved);
            range?.Take(moved, there);
        }
    }

    private void Count(string name, torch.Tensor weight, bool inPlace, long flushed)
    {
        long bytes = weight.numel() * weight.ElementSize;
        Report = Report with
        {
            Values = Report.Values + weight.numel(),
            MappedBytes = Report.MappedBytes + (inPlace ? bytes : 0),
            CopiedBytes = Report.CopiedBytes + (inPlace ? 0 : bytes),
            FlushedToZero = Report.FlushedToZero + flushed,
            MostFlushed = flushed > _mostFlushed ? name : Report.MostFlushed,
        };
        _mostFlushed = Math.Max(_mostFlushed, flushed);
    }
}
