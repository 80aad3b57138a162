using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Data;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Completion.Chat;

namespace LoraLab.Training.Tasks.Completion;

/// <summary>
/// Completion: a row is a prompt with the text that follows it, an instruction with its answer, a text, or a conversation; the model is
/// trained to write the text, and evaluated by its loss on held-out rows and by what it generates.
/// </summary>
public sealed class CompletionTask : ITask
{
    /// <inheritdoc />
    public TaskDescriptor Descriptor => TaskDescriptors.Completion;

    /// <inheritdoc />
    public void Check(RunSpec spec, DatasetManifest? manifest)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.ChatTemplate is string template && ChatFormats.Find(template) is null)
        {
            throw RunFailure.BadData(
                $"chatTemplate must be one of {ChatFormats.Names}, or null for the model's own; it is '{Excerpt.Of(template)}'.",
                "chatTemplate");
        }

        if (manifest is null)
        {
            return;
        }

        CompletionColumns columns = CompletionColumns.Of(spec.Dataset, manifest);
        if (columns.Kind == CompletionKind.Messages && !string.IsNullOrEmpty(spec.Prompt))
        {
            throw RunFailure.BadData(
                "The rows of the dataset are conversations, which have a chat template instead of a prompt; remove prompt, and set "
                    + "chatTemplate if it is not to be the model's own.",
                "prompt");
        }

        if (columns.Kind != CompletionKind.Messages && spec.ChatTemplate is not null)
        {
            throw RunFailure.BadData(
                "chatTemplate belongs to conversations (messagesColumn in dataset.json), and the rows of the dataset are none; set it to "
                    + "null.",
                "chatTemplate");
        }

        if (columns.Kind == CompletionKind.Text && spec.GenerateSamples > 0)
        {
            throw RunFailure.BadData(
                "The rows of the dataset are texts without a prompt, so there is nothing to continue; set generateSamples to 0.",
                "generateSamples");
        }

        if (spec.Prompt is { Length: > 0 } prompt)
        {
            CompletionTemplate.Parse(prompt, columns);
        }
    }

    /// <inheritdoc />
    public Dataset Read(string name, string folder, DatasetManifest manifest) => CompletionReader.Read(name, folder, manifest);
}
