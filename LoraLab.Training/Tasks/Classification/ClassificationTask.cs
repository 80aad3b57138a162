using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data;

namespace LoraLab.Training.Tasks.Classification;

/// <summary>
/// Classification by prompt: a row is one or more texts with a label; the model is trained on the prompt with its label word, and predicts
/// the label whose word it gives the highest probability after the prompt.
/// </summary>
public sealed class ClassificationTask : ITask
{
    /// <inheritdoc />
    public TaskDescriptor Descriptor => TaskDescriptors.Classification;

    /// <inheritdoc />
    public void Check(RunSpec spec, DatasetManifest? manifest)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Prompt is string prompt)
        {
            PromptTemplate.Parse(prompt, manifest is null ? null : [.. manifest.Texts.Select(text => text.Name)]);
        }
    }

    /// <inheritdoc />
    public Dataset Read(string name, string folder, DatasetManifest manifest) => ClassificationReader.Read(name, folder, manifest);
}
