using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Tasks;

/// <summary>The evaluation of a run: measures a model on the evaluation rows, in passes that are packed once.</summary>
public abstract class TaskEvaluation : IDisposable
{
    /// <summary>Shapes of its passes, which determine their memory.</summary>
    public abstract IReadOnlyList<PassShape> Passes { get; }

    /// <summary>The texts that it generates together; null: it generates none.</summary>
    public virtual GenerationShape? Generation => null;

    /// <summary>Bytes of all indices.</summary>
    public abstract long IndexBytes { get; }

    /// <summary>Evaluates the current model.</summary>
    /// <param name="model">The model with its adapters.</param>
    /// <param name="cancellation">Cancels between two blocks.</param>
    /// <param name="onProgress">Called after each pass.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two blocks.</exception>
    public abstract EvaluationOutcome Run(PackedLlama model, CancellationToken cancellation, Action? onProgress = null);

    /// <summary>Evaluates a model with its adapters.</summary>
    public EvaluationOutcome Run(LlamaModel model, CancellationToken cancellation)
    {
        using PackedLlama packed = new(model);
        return Run(packed, cancellation);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the passes.</summary>
    protected abstract void Dispose(bool disposing);
}
