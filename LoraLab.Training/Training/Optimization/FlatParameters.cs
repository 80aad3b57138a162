using static TorchSharp.torch;

namespace LoraLab.Training.Training.Optimization;

/// <summary>
/// The trained parameters of a run as views of one flat fp32 tensor, and their gradients as views of another, so that zeroing, the global
/// norm and the update are one operation each for all matrices. Parameters with the same learning rate are contiguous.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private readonly List<(string Name, Tensor Parameter, long Offset)> _entries = [];

    /// <summary>
    /// Moves the values into the flat tensor. The parameters remain the same leaf tensors, and their <c>grad</c> becomes a view.
    /// </summary>
    /// <param name="parameters">Name, leaf (fp32) and base learning rate of each.</param>
    public FlatParameters(IEnumerable<(string Name, Tensor Parameter, double LearningRate)> parameters)
    {
        using IDisposable noGrad = no_grad();
        List<Group> groups = [];
        List<(string Name, Tensor Parameter, double LearningRate)> all = [.. parameters];
        Device device = all.Count > 0 ? all[0].Parameter.device : CPU;
        long total = all.Sum(parameter => parameter.Parameter.numel());
        Values = zeros(total, float32, device).DetachFromDisposeScope();
        Gradients = zeros(total, float32, device).DetachFromDisposeScope();
        long offset = 0;
        foreach (IGrouping<double, (string Name, Tensor Parameter, double LearningRate)> rate in all.GroupBy(parameter =>
            parameter.LearningRate))
        {
            long start = offset;
            foreach ((string name, Tensor parameter, _) in rate)
            {
                AddEntry(name, parameter, offset);
                offset += parameter.numel();
            }

            groups.Add(new(rate.Key, start, offset - start));
        }

        Groups = groups;
    }

    /// <summary>All values, fp32.</summary>
    public Tensor Values { get; }

    /// <summary>All gradients, fp32.</summary>
    public Tensor Gradients { get; }

    /// <summary>Parameter groups, one per learning rate.</summary>
    public IReadOnlyList<Group> Groups { get; }

    /// <summary>Returns views of another tensor of the same layout by parameter name; the current dispose scope owns them.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Views(Tensor flat, string suffix) =>
        _entries.Select(entry => new KeyValuePair<string, Tensor>(entry.Name + suffix, View(flat, entry.Offset, entry.Parameter)));

    /// <inheritdoc />
    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }

    private void AddEntry(string name, Tensor parameter, long offset)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor value = View(Values, offset, parameter);
        value.copy_(parameter);
        parameter.set_(value);
        parameter.grad = View(Gradients, offset, parameter);
        _entries.Add((name, parameter, offset));
    }

    private static Tensor View(Tensor flat, long offset, Tensor like) => flat.narrow(0, offset, like.numel()).view(like.shape);

    /// <summary>A parameter group: parameters with the same learning rate.</summary>
    /// <param name="LearningRate">Base learning rate, at a schedule factor of 1.</param>
    /// <param name="Start">Offset in the flat tensors.</param>
    /// <param name="Count">Number of values.</param>
    public sealed record Group(double LearningRate, long Start, long Count)
    {
        /// <summary>Returns the group's slice of a flat tensor; the caller owns it.</summary>
        internal Tensor Slice(Tensor flat) => flat.narrow(0, Start, Count).DetachFromDisposeScope();
    }
}
