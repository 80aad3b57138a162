namespace LoraLab.Training.Tasks.Completion.Chat;

/// <summary>What stands around the message of a turn.</summary>
/// <param name="Before">What announces the message.</param>
/// <param name="Marker">What ends the message; the end of an assistant's turn is a target. <see cref="ChatFormat.End"/> is the token that
/// ends a text.</param>
/// <param name="Behind">What follows, and is no target.</param>
public sealed record ChatTurn(string Before, string Marker, string Behind);
